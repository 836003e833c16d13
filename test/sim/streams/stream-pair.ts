/** What is known of one stream of the workload: both ends, and in which lives of the two machines it began. */
import type { Association } from '../../../src/proto/association/association.ts';
import { TerminateKind } from '../../../src/proto/wire/stream-commands.ts';
import type { ClientHost } from '../host/client-host.ts';
import type { ServerHost } from '../host/server-host.ts';
import type { StreamPlan } from '../scenario.ts';
import { associationsOf } from '../watch/step.ts';
import { Violation } from '../watch/violation.ts';
import type { StreamEnd } from './stream-end.ts';

interface Life {
  readonly clientCore: object | null;
  readonly serverCore: object | null;
  /** The server's; undefined = it has none. */
  readonly association: Association | undefined;
  /** The life of the server that the client believes in; it may be over without the client knowing. */
  readonly believed: number;
  /** The server's session is with the life of the client that runs now; it may be over without the server knowing. */
  readonly isMet: boolean;
}

export class StreamPair {
  opener: StreamEnd | null = null;
  target: StreamEnd | null = null;
  private life: Life | null = null;

  constructor(
    readonly id: number,
    readonly plan: StreamPlan,
    private readonly client: ClientHost,
    private readonly server: ServerHost,
  ) {}

  /** To be called when an end comes to be. */
  note(end: StreamEnd): void {
    this[end.side] = end;
    this.life = this.present();
  }

  peerOf(end: StreamEnd): StreamEnd | null {
    return end.side === 'opener' ? this.target : this.opener;
  }

  /** Read so far at both ends. */
  get movedBytes(): number {
    return (this.opener?.received ?? 0) + (this.target?.received ?? 0);
  }

  /** It was never opened, or everybody who uses it knows how it went. */
  get isSettled(): boolean {
    return (this.opener?.isSettled ?? true) && (this.target?.isSettled ?? true);
  }

  /** An end was told that both directions are over: there must be a reason, and it must be the one that was said. */
  handleTerminated(end: StreamEnd, kind: TerminateKind | null): void {
    end.endedBy = kind;
    const { refusal } = this.plan;
    if (end.side === 'opener' && refusal !== null && kind === refusal) return;
    const isReset = kind === TerminateKind.RESET || kind === TerminateKind.GONE;
    if (isReset && (this.peerOf(end)?.gaveUp || this.isOtherLife())) return;
    throw new Violation('stream-told-truly', `${end.name} was ended (${kind}) and nobody had ended it`);
  }

  /** One of the machines has forgotten what it knew when the stream began, or had done so without the other knowing. */
  private isOtherLife(): boolean {
    const { life } = this;
    const now = this.present();
    return (
      life === null ||
      // The server's end came to be by what was still under way of a process that had ended.
      ((this.plan.kind === 'remote' || this.target !== null) && !life.isMet) ||
      now.clientCore !== life.clientCore ||
      now.serverCore !== life.serverCore ||
      now.association !== life.association ||
      now.believed !== life.believed
    );
  }

  private present(): Life {
    const { client, server } = this;
    const associations = server.core === null ? [] : associationsOf(server.core);
    const association = associations.find(({ name }) => name === client.name);
    const ofClient = client.core === null ? undefined : associationsOf(client.core)[0];
    return {
      clientCore: client.core,
      serverCore: server.core,
      association,
      believed: ofClient?.['peerIncarnation'] ?? 0,
      isMet: ofClient !== undefined && association?.['peerIncarnation'] === ofClient.incarnation,
    };
  }
}
