/** The engine of a server: its listening sockets, and the clients' records as main keeps them. */
import { isIPv6 } from 'node:net';
import { ServerCore, serverTables } from '../proto/server-core.ts';
import type { Stream } from '../proto/stream/stream.ts';
import type { TerminateKind } from '../proto/wire/stream-commands.ts';
import { ClientPorts } from './client-ports.ts';
import { clientRecord, clientState, fromBase64, inviteState, pool6 } from './convert.ts';
import type { Engine } from './engine.ts';
import { ListenPolicy } from './listen-rules.ts';
import type { EngineCommand, InviteRecord, ServerEngineOptions } from './messages.ts';
import { answerOf, type Emit, openParts, type Parts, type Role, startLoop } from './role.ts';
import { SocketDialer } from './socket-dialer.ts';
import { handleStreamNews, pumpHost } from './stream-owner.ts';
import { StreamRefusals } from './stream-refusals.ts';
import { TargetPolicy } from './target-rules.ts';

export class ServerRole implements Role {
  private readonly core: ServerCore;
  private readonly engine: Engine;
  private readonly sockets: number[] = [];
  private readonly invites = new Map<string, InviteRecord>();
  /** Of the tunnel. */
  private readonly pools: readonly string[];
  private targets: TargetPolicy;
  private readonly dialer: SocketDialer;
  private readonly clientPorts: ClientPorts;
  readonly ports: number[] = [];

  constructor(
    options: ServerEngineOptions,
    private readonly parts: Parts,
    private readonly emit: Emit,
  ) {
    const now = parts.clock.nowMs;
    this.core = new ServerCore(
      {
        ...parts,
        tunName: parts.tun.name,
        privateKey: fromBase64(options.privateKey),
        pool: options.pool,
        pool6: pool6(options.pool6),
        dns: options.dns,
        mtuBytes: options.mtuBytes,
        leaseMs: options.leaseMs,
        maxClients: options.maxClients,
        maxChannels: options.maxStreams,
        clients: options.clients.map((record) => clientState(record, parts.clock.wallMs)),
      },
      now,
    );
    for (const record of options.invites) this.putInvite(record);
    this.engine = startLoop(
      this.core,
      parts,
      (event) => {
        if (event.kind === 'client') this.reportClient(event.publicKey);
        else if (event.kind === 'invite-used') this.reportInvite(event.inviteId, event.publicKey);
        else if (event.kind === 'peer-session' || event.kind === 'peer-path' || event.kind === 'peer-stale')
          emit(event);
      },
      (streams) =>
        handleStreamNews(
          streams,
          (stream) => this.handleWanted(stream),
          // The client says what is wrong with its own forwards.
          () => {},
        ),
    );
    const host = pumpHost(this.engine);
    this.pools = [options.pool, ...(options.pool6 === undefined ? [] : [options.pool6])];
    this.targets = new TargetPolicy(options.streamRules.targets);
    const refusals = new StreamRefusals(parts.clock, emit);
    const onRefused = (stream: Stream, kind: TerminateKind) => refusals.handle(stream, kind);
    this.dialer = new SocketDialer({
      host,
      allows: ({ peerName }, address, port) => this.targets.allows(address, port, peerName),
      onRefused,
    });
    this.clientPorts = new ClientPorts(
      host,
      new ListenPolicy(options.streamRules.listen, this.pools),
      onRefused,
    );
    for (const { address, port } of options.listen) this.listen(address, port);
  }

  static async start(options: ServerEngineOptions, emit: Emit): Promise<ServerRole> {
    const { peers, sessions } = serverTables(options.maxClients);
    const parts = await openParts(options.networkKey, options.tunName, 'redundant', peers, sessions);
    const role = new ServerRole(options, parts, emit);
    emit({ kind: 'ready', tunName: parts.tun.name, ports: role.ports });
    return role;
  }

  handle(command: EngineCommand): void {
    const now = this.engine.now;
    switch (command.kind) {
      case 'client-put':
        this.core.putClient(clientState(command.client, this.parts.clock.wallMs), now);
        break;
      case 'client-remove':
        this.core.removeClient(command.publicKey, now);
        break;
      case 'invite-put':
        this.putInvite(command.invite);
        break;
      case 'stream-rules':
        this.targets = new TargetPolicy(command.rules.targets);
        this.clientPorts.setPolicy(new ListenPolicy(command.rules.listen, this.pools));
        break;
      case 'snapshot':
      case 'sample':
        this.emit(answerOf(command, this.core, now, this.parts));
        return;
      case 'stop':
        this.clientPorts.close();
        this.core.close(now);
        this.engine.drain();
        this.engine.close();
        for (const socket of this.sockets) this.engine.closeSocket(socket);
        this.parts.sealer.close();
        return;
      default:
        throw new Error(`${command.kind} is for a client`);
    }
    this.engine.drain();
  }

  private handleWanted(stream: Stream): void {
    if (stream.target.listens) this.clientPorts.open(stream);
    else void this.dialer.dial(stream, stream.target);
  }

  private listen(address: string, port: number): void {
    const family = isIPv6(address) ? 6 : 4;
    const socket = this.parts.udp.open({ family, address, port, dualStack: address === '::' });
    this.sockets.push(socket);
    this.ports.push(this.parts.udp.port(socket));
    this.engine.watchSocket(socket);
  }

  private putInvite(record: InviteRecord): void {
    this.invites.set(record.id, record);
    this.core.putInvite(inviteState(record, this.parts.clock.wallMs), this.parts.clock.nowMs);
  }

  private reportClient(publicKey: string): void {
    const state = this.core.clientState(publicKey, this.engine.now);
    if (state !== null) this.emit({ kind: 'client', client: clientRecord(state, this.parts.clock.wallMs) });
  }

  private reportInvite(id: string, usedBy: string): void {
    const record = this.invites.get(id);
    if (record !== undefined) this.emit({ kind: 'invite', invite: { ...record, usedBy } });
  }
}
