/** The client's configuration: keys are those of the flags and of the TOML file alike. */
import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Forward } from '../engine/messages.ts';
import { POLICY_NAMES, type PolicyName } from '../proto/policy/policy.ts';
import type { Rule } from '../proto/policy/rule.ts';
import {
  type CommonConfig,
  type ConfigKind,
  commonFields,
  type DnsConfig,
  dnsServers,
  innerMtu,
} from './common-config.ts';
import { choice, field, several, yesOrNo } from './fields.ts';
import { FORWARD_EXAMPLE, parseForward } from './forward-spec.ts';
import { hooksOf } from './hook-config.ts';
import { formatInterfaceSpec, type InterfaceSpec, interfaceSpec } from './interface-spec.ts';
import { type Invite, parseInvite } from './invite.ts';
import { PERSIST_EXAMPLE, parsePersist } from './persist-spec.ts';
import { rules } from './policy-config.ts';
import { parseNetwork } from './units.ts';

/** PROTOCOL.md §6: eight paths per association, and an interface is one or two. */
const MAX_INTERFACES = 8;
const MAX_ROUTES = 256;
const MAX_FORWARDS = 64;
const MAX_PERSISTS = 256;

export type RouteConfig = { kind: 'all' } | { kind: 'none' } | { kind: 'some'; networks: readonly string[] };

export interface ClientConfig extends CommonConfig {
  /** Absent: go on with the server of the last invite. */
  readonly invite?: Invite;
  /** Read where there is no `invite`. It may be gone once the server is known. */
  readonly inviteFile?: string;
  /** Each interface is a path, or two where it has IPv6. */
  readonly interfaces: readonly InterfaceSpec[];
  readonly route: RouteConfig;
  readonly policy: PolicyName;
  /** First match wins; what none names goes by `policy`. */
  readonly rules: readonly Rule[];
  /** Local ports that lead to hosts beyond the server, and ports of the server that lead to hosts here. */
  readonly forwards: readonly Forward[];
  /** TCP ports and ranges of ports: connections to them that would go into the tunnel become streams. */
  readonly persist: readonly string[];
  /** Tunnel address to ask for; absent = the server chooses. */
  readonly address?: string;
  /** Upper bound of the inner MTU; absent = the server's. */
  readonly mtuBytes?: number;
  /** `pushed`: those of the server, where everything goes into the tunnel. */
  readonly dns: { kind: 'pushed' } | DnsConfig;
  /** Absent: without the tunnel, the machine reaches the world as it did before. */
  readonly killSwitch?: {
    /** Networks that may be reached past the tunnel. */
    readonly allowed: readonly string[];
  };
}

const invite = z.string({ error: 'an invite' }).transform((text, context): Invite => {
  const parsed = parseInvite(text);
  if (typeof parsed !== 'string') return parsed;
  context.issues.push({ code: 'custom', message: `an invite ${parsed}`, input: text });
  return z.NEVER;
});

const networkOrWord = field('all, none or networks such as 192.168.7.0/24', (text) =>
  text === 'all' || text === 'none' ? text : parseNetwork(text),
);

const routes = several(networkOrWord, MAX_ROUTES, 'route').transform((words, context): RouteConfig => {
  if (!words.includes('all') && !words.includes('none')) return { kind: 'some', networks: words };
  if (words.length === 1) return { kind: words[0] as 'all' | 'none' };
  context.issues.push({ code: 'custom', message: 'either all, or none, or networks', input: words });
  return z.NEVER;
});

/** The same one twice counts once; what is said of an interface is said in one place. */
const interfaces = several(interfaceSpec, MAX_INTERFACES, 'interface', 'wlan0').transform(
  (specs, context): readonly InterfaceSpec[] => {
    const byPattern = new Map<string, InterfaceSpec>();
    for (const spec of specs) {
      const before = byPattern.get(spec.pattern);
      byPattern.set(spec.pattern, spec);
      if (before === undefined || formatInterfaceSpec(before) === formatInterfaceSpec(spec)) continue;
      context.issues.push({
        code: 'custom',
        message: `${spec.pattern} with one set of options`,
        input: specs,
      });
    }
    return [...byPattern.values()];
  },
);

const keys = z.strictObject({
  ...commonFields,
  invite: invite.optional(),
  'invite-file': field('a file that holds an invite', (text) =>
    text === '' ? undefined : resolve(text),
  ).optional(),
  interface: interfaces,
  route: routes.default({ kind: 'all' }),
  forward: several(
    field(FORWARD_EXAMPLE, (text) => parseForward(text)),
    MAX_FORWARDS,
    'forward',
  ).default([]),
  'remote-forward': several(
    field(FORWARD_EXAMPLE, (text) => parseForward(text, 'remote')),
    MAX_FORWARDS,
    'forward',
  ).default([]),
  persist: several(field(PERSIST_EXAMPLE, parsePersist), MAX_PERSISTS, 'port')
    .transform((groups) => [...new Set(groups.flat())] as readonly string[])
    .default([]),
  policy: choice(POLICY_NAMES).default(POLICY_NAMES[0]),
  rule: rules,
  address: field('an IPv4 address', (text) => (isIPv4(text) ? text : undefined)).optional(),
  mtu: innerMtu.optional(),
  dns: dnsServers.optional(),
  'kill-switch': yesOrNo().default(false),
  'kill-switch-allow': several(
    field('a network such as 192.168.7.0/24', parseNetwork),
    MAX_ROUTES,
    'network',
  ).default([]),
});

/** What does not go into the tunnel cannot be taken out of it. */
function persistsWhatIsRouted({ value, issues }: z.core.ParsePayload<z.output<typeof keys>>): void {
  if (value.persist.length === 0 || value.route.kind !== 'none') return;
  issues.push({
    code: 'custom',
    path: ['persist'],
    message: 'a --route other than none: connections are taken that would go into the tunnel',
    input: value.persist,
  });
}

export const clientKind: ConfigKind<ClientConfig> = {
  role: 'client',
  keys: Object.keys(keys.shape),
  schema: keys.check(persistsWhatIsRouted).transform(
    (values): ClientConfig => ({
      tunName: values.tun,
      stateDir: values['state-dir'],
      metrics: values.metrics,
      dashboard: values.dashboard,
      user: values.user,
      log: { format: values.log, level: values['log-level'] },
      hooks: hooksOf(values),
      invite: values.invite,
      inviteFile: values['invite-file'],
      interfaces: values.interface,
      route: values.route,
      policy: values.policy,
      rules: values.rule,
      forwards: [...values.forward, ...values['remote-forward']],
      persist: values.persist,
      address: values.address,
      mtuBytes: values.mtu,
      dns: values.dns ?? { kind: 'pushed' },
      killSwitch: values['kill-switch'] ? { allowed: values['kill-switch-allow'] } : undefined,
    }),
  ),
};
