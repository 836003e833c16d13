/** Whether names can be resolved, and where the questions go. */
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { parseNameservers } from '../../host/dns/nameservers.ts';
import { type Finding, findings } from '../finding.ts';
import { isFullyRouted, type Machine, wayTo } from '../machine.ts';
import type { Subject } from '../subject.ts';

const TIMEOUT_MS = 2_000;
/** Says that the server is there, whatever it thinks of the question. */
const SILENCE = new Set(['ETIMEOUT', 'ECONNREFUSED', 'ECANCELLED']);

export async function checkDns(machine: Machine, { status, role }: Subject): Promise<Finding[]> {
  const { ok, warning } = findings('dns');
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const servers = parseNameservers(text);
  if (servers.length === 0)
    return [
      warning('this machine asks no DNS server', {
        why: '/etc/resolv.conf names none',
        fix: 'connect it to a network that offers one, or name one there',
      }),
    ];
  const answers = await Promise.all(servers.map(answersQuestions));
  const found = servers.flatMap((server, i) =>
    answers[i]
      ? []
      : [
          warning(`the DNS server ${server} does not answer`, {
            why: 'names are resolved slowly or not at all',
            fix: 'name another one in /etc/resolv.conf, or with --dns for the time of the tunnel',
            data: { server },
          }),
        ],
  );
  if (role === 'client' && status !== undefined && isFullyRouted(machine, 4)) {
    for (const server of servers.filter((address) => !/^(127\.|::1$)/.test(address))) {
      const way = await wayTo(server);
      if (way === null || way === status.tunName) continue;
      found.push(
        warning(`questions to the DNS server ${server} go beside the tunnel`, {
          why: `it is on the local network of ${way}`,
          fix: 'ask others through the tunnel: --dns 9.9.9.9; on the server, --dns offers them to all clients',
          data: { server, interface: way },
        }),
      );
    }
  }
  if (found.length === 0) return [ok(`${servers.join(', ')} ${servers.length === 1 ? 'answers' : 'answer'}`)];
  return found;
}

async function answersQuestions(server: string): Promise<boolean> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  try {
    resolver.setServers([server]);
    await resolver.resolve('.', 'NS');
    return true;
  } catch (error) {
    return !SILENCE.has((error as NodeJS.ErrnoException).code ?? '');
  }
}
