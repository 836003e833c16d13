/** TCP connections that outlive outages by themselves (`--persist`): the engine takes them, the kernel diverts them to it. */
import type { Engine } from '../engine/engine-client.ts';
import type { EngineEvent, TransparentPorts } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import type { ClientNetwork } from '../host/client-network.ts';

export class Persist {
  #listening: Promise<TransparentPorts> | undefined;
  #handle: (event: Extract<EngineEvent, { kind: 'transparent' }>) => void = () => {};

  constructor(
    private readonly tunName: string,
    private readonly engine: Pick<Engine, 'post'>,
    private readonly network: Pick<ClientNetwork, 'persist'>,
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

  #listen(): Promise<TransparentPorts> {
    return new Promise((resolve, reject) => {
      this.#handle = ({ ports, message }) => {
        if (ports !== null) return resolve(ports);
        reject(
          new UserError('connections cannot be made to persist', {
            cause: message,
            fix: 'it takes root (CAP_NET_ADMIN); or leave --persist out',
          }),
        );
      };
      this.engine.post({ kind: 'transparent-listen' });
    });
  }
}
