/** Several generator processes that together are one crowd: a heap of thousands of clients in one process is slow. */
import type { GeneratorClient } from './generator-client.ts';
import type { ConnectResult } from './messages.ts';

const CLIENTS_PER_PROCESS = 2_500;

export class Generators {
  private readonly members: GeneratorClient[] = [];

  private constructor(readonly total: number) {}

  /** Makes the clients `from` to `to` (exclusive). `start` starts a process. */
  static async make(from: number, to: number, start: () => GeneratorClient): Promise<Generators> {
    const crowd = new Generators(to - from);
    const processes = Math.ceil(crowd.total / CLIENTS_PER_PROCESS);
    const made: Promise<null>[] = [];
    for (let i = 0; i < processes; i++) {
      const member = start();
      crowd.members.push(member);
      const [first, next] = [i, i + 1].map((part) => from + Math.floor((part * crowd.total) / processes));
      made.push(member.ask({ kind: 'make', from: first, to: next }));
    }
    await Promise.all(made);
    return crowd;
  }

  /** Brings up `count` more, from each process its share, so that none is idle. */
  connect(count: number, inFlight: number): Promise<ConnectResult> {
    return this.spread(count, (member, share) =>
      member.ask({ kind: 'connect', count: share, inFlight: Math.ceil(inFlight / this.members.length) }),
    );
  }

  reconnect(count: number, perSecond: number): Promise<ConnectResult> {
    return this.spread(count, (member, share) =>
      member.ask({ kind: 'reconnect', count: share, perSecond: perSecond / this.members.length }),
    );
  }

  private async spread(
    count: number,
    ask: (member: GeneratorClient, share: number) => Promise<ConnectResult>,
  ): Promise<ConnectResult> {
    const parts = this.members.length;
    const upTo = (part: number) => Math.floor((part * count) / parts);
    const results = await Promise.all(this.members.map((member, i) => ask(member, upTo(i + 1) - upTo(i))));
    return {
      wanted: results.reduce((sum, { wanted }) => sum + wanted, 0),
      seconds: Math.max(...results.map(({ seconds }) => seconds)),
      tookMs: results.flatMap(({ tookMs }) => tookMs),
    };
  }
}
