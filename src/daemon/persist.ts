/** TCP connections that outlive outages by themselves (`--persist`): the engine takes them, the kernel diverts them to it. */
import type { Engine } from '../engine/engine-client.ts';
import type { EngineEvent, TransparentPorts } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import type { ClientNetwork } from '../host/client-network.ts';
import type { Log } from './log.ts';

type Listening = TransparentPorts & { readonly isHolding: boolean };

export class Persist {
  #listening: Promise<Listening> | undefined;
  #handle: (event: Extract<EngineEvent, { kind: 'transparent' }>) => void = () => {};

  constructor(
    private readonly tunName: string,
    private readonly engine: Pick<Engine, 'post'>,
    private readonly network: Pick<ClientNetwork, 'persist' | 'persistHold'>,
    private readonly log: Log,
  ) {}

  /** Ports and ranges; none: no new connection is taken, those that are stay. Throws `UserError`. */
  async set(ports: readonly string[]): Promise<void> {
    if (ports.length === 0) return this.network.persist(null);
    this.#listening ??= this.#listen();
    await this.network.persist({ tunName: this.tunName, ports, ...(await this.#listening) });
  }

  handle(event: Extract<EngineEvent, { kind: 'transparent' }>): void {
    this.#handle(event);
  }

  #listen(): Promise<Listening> {
    return new Promise((resolve, reject) => {
      this.#handle = ({ ports, isHolding, message }) => {
        if (ports !== null) {
          // Programs see a refused connection as one that is cut off, and everything else works.
          if (!isHolding) this.log.warn({ message }, 'persist-without-hold');
          return resolve({ ...ports, isHolding });
        }
        reject(
          new UserError('connections cannot be made to persist', {
            cause: message,
            fix: 'it takes root (CAP_NET_ADMIN); or leave --persist out',
          }),
        );
      };
      this.engine.post({ kind: 'transparent-listen', hold: this.network.persistHold });
    });
  }
}
