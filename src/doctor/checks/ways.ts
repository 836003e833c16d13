/** Each interface's way to the server: whether UDP gets through, how well, and what stands in between. */

import type { PathSnapshot } from '../../engine/messages.ts';
import { formatFraction, formatRtt } from '../../format.ts';
import { type Finding, findings } from '../finding.ts';
import type { Machine } from '../machine.ts';
import type { Ways } from '../way-probe.ts';

/** More than a radio link loses on a bad day. */
const LOSSY = 0.05;
/** Below it the tunnel's packets of 1,400 bytes travel in two pieces: wrappers, UDP and IPv4 take 65. */
const ROOMY_MTU_BYTES = 1_465;
/** So long a link that came back is told by what it lost before. */
const BACK_MS = 30_000;
const { ok, note, warning, fault } = findings('way');

/** `isClosed`: a kill switch is on. */
export function checkWays(machine: Machine, found: Ways, server: string, isClosed: boolean): Finding[] {
  const { paths, problems, refused, isOfClient = false } = found;
  if (refused !== undefined)
    return [fault(refused.what, { why: String(refused.cause ?? ''), fix: refused.fix })];
  const ways = paths.flatMap((path) => checkWay(machine, path, { isClosed, isOfClient }));
  const unusable = problems.map(({ interfaceName, error }) =>
    warning(error.what, {
      why: error.cause === undefined ? undefined : String(error.cause),
      fix: error.fix,
      data: { interface: interfaceName },
    }),
  );
  if (paths.some(({ state }) => state === 'up' || state === 'suspect')) return [...ways, ...unusable];
  const isSpent = paths.length > 0 && paths.every(({ isExhausted }) => isExhausted);
  const none = fault(`no interface reaches the server ${server}`, {
    why: isSpent
      ? 'the budgets of all of them are used up'
      : paths.length === 0
        ? 'none of them can be used'
        : 'nothing comes back over any of them',
    fix: isSpent
      ? 'allow more, or wait'
      : `on the server: is it running, does its firewall let UDP ${portOf(server)} in (resip-vpn doctor there)? Here: does this network let UDP out?`,
  });
  return [none, ...ways, ...unusable];
}

function checkWay(
  machine: Machine,
  path: PathSnapshot,
  { isClosed, isOfClient }: { readonly isClosed: boolean; readonly isOfClient: boolean },
): Finding[] {
  const name = nameOf(path);
  const { state, rttMs, jitterMs, lossOut, lossIn, mtuBytes, observed } = path;
  const nat = natOf(machine, path);
  const data = {
    interface: path.interfaceName,
    remote: path.remote,
    state,
    rttMs,
    jitterMs,
    lossOut,
    lossIn,
    mtuBytes,
    observed,
    nat: nat.kind,
  };
  if (path.isExhausted)
    return [
      warning(`${name}: its budget is used up`, {
        why: `it carries nothing${path.budget === undefined ? '' : ` until ${new Date(path.budget.renewsMs).toISOString()}`}`,
        fix: `allow more: resip-vpn path add ${path.interfaceName},budget=…`,
        data,
      }),
    ];
  if (state !== 'up' && state !== 'suspect')
    return [
      warning(`${name}: nothing comes back from ${path.remote}`, {
        why: 'this network keeps UDP from getting out or back, or the link does not work',
        fix: lookYourself(path, isClosed),
        data,
      }),
    ];
  const loss = `loss ${formatFraction(lossOut)} out, ${formatFraction(lossIn)} in`;
  const seen = observed === null ? '' : `; the server sees ${observed}, ${nat.words}`;
  const found = [ok(`${name}: ${formatRtt(rttMs, jitterMs)}, ${loss}, MTU ${mtuBytes}${seen}`, { data })];
  const worst = Math.max(lossOut ?? 0, lossIn ?? 0);
  if (worst > LOSSY)
    found.push(
      warning(`${name} loses ${formatFraction(worst)}`, {
        why:
          isOfClient && path.sinceMs < BACK_MS
            ? 'it was down a moment ago, and that counts for a while; else a weak signal, or a link that is full'
            : 'a weak signal, or a link that is full',
        fix: 'with another link beside it, copies make up for it; --policy auto copies only then',
        data,
      }),
    );
  if (mtuBytes < ROOMY_MTU_BYTES && mtuBytes > 0)
    found.push(
      note(`${name} takes packets of ${mtuBytes} bytes`, {
        why: 'large packets of the tunnel travel in two pieces over all links',
        fix: `a smaller one avoids it: --mtu ${Math.max(1_280, mtuBytes - 85)}`,
        data,
      }),
    );
  return found;
}

/** By number: while nothing carries, names are asked for in vain. What the kill switch would refuse goes past it. */
function lookYourself({ interfaceName, remote }: PathSnapshot, isClosed: boolean): string {
  const address = remote.replace(/:\d+$/, '').replace(/[[\]]/g, '');
  const portal = `resip-vpn portal -i ${interfaceName} --`;
  const ping = isClosed ? `${portal} ping -c 3 ${address}` : `ping -c 3 -I ${interfaceName} ${address}`;
  return `does anything else get through: ${ping}? Then this network blocks UDP: ask its owner, or use another. Is there a portal to log in to: ${portal} BROWSER http://neverssl.com?`;
}

function nameOf({ interfaceName, remote }: PathSnapshot): string {
  return `${interfaceName ?? remote}${remote.startsWith('[') ? ' (IPv6)' : ''}`;
}

function portOf(server: string): string {
  return /:(\d+)$/.exec(server)?.[1] ?? '4600';
}

/** What stands between this machine and the server, as far as one server can tell. */
export function natOf(
  machine: Machine,
  { interfaceName, observed, localPort }: PathSnapshot,
): { kind: string; words: string } {
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(observed ?? '');
  if (match === null) return { kind: 'unknown', words: '' };
  const [, outer, outerPort] = match;
  const link = machine.links.find(({ name }) => name === interfaceName);
  const own = machine.addresses
    .filter(({ linkIndex }) => linkIndex === link?.index)
    .map(({ address }) => address);
  if (own.includes(outer)) return { kind: 'none', words: 'which is this machine: no NAT' };
  const keepsPort = localPort === undefined ? undefined : Number(outerPort) === localPort;
  const ports = keepsPort === undefined ? '' : keepsPort ? ' that keeps ports' : ' that changes ports';
  const carrier = own.some(isCarrierGrade);
  return {
    kind: `${carrier ? 'carrier-grade' : 'nat'}${keepsPort === undefined ? '' : keepsPort ? '-keeps-port' : '-changes-port'}`,
    words: `behind ${carrier ? "the carrier's NAT" : 'a NAT'}${ports}`,
  };
}

/** RFC 6598: 100.64.0.0/10. */
function isCarrierGrade(address: string): boolean {
  const match = /^100\.(\d+)\./.exec(address);
  return match !== null && Number(match[1]) >= 64 && Number(match[1]) <= 127;
}
