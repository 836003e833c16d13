/** The engine of a client: one socket per path, bound to its interface. */
import { ClientCore } from '../proto/client-core.ts';
import { policyNamed } from '../proto/policy/policy.ts';
import type { Target } from '../proto/stream/stream.ts';
import { parseIpv4 } from '../proto/wire/ip-text.ts';
import { TerminateKind } from '../proto/wire/stream-commands.ts';
import { endpointWords, fromBase64 } from './convert.ts';
import type { Engine } from './engine.ts';
import { ForwardListener } from './forward-listener.ts';
import type { ClientEngineOptions, EngineCommand, EngineEvent, Forward, PathSnapshot } from './messages.ts';
import { RemoteForwards } from './remote-forwards.ts';
import { answerOf, type Emit, openParts, type Parts, type Role, startLoop } from './role.ts';
import { SocketDialer } from './socket-dialer.ts';
import { handleStreamNews, pumpHost } from './stream-owner.ts';
import { StreamRefusals } from './stream-refusals.ts';
import { type SynHold, TransparentListener } from './transparent-listener.ts';

/** Sessions at once: current, previous, and one in the making, with some to spare. */
export const MAX_SESSIONS = 8;

/** Of both directions; each is a socket. */
const MAX_FORWARDS = 64;

/** What was under way to a socket that another takes the place of is still received: the slowest answer, with some to spare. */
const FORMER_SOCKET_MS = 1_500;

type PathOpen = Extract<EngineCommand, { kind: 'path-open' }>;

export class ClientRole implements Role {
  private readonly core: ClientCore;
  private readonly engine: Engine;
  private readonly forwards: ForwardListener;
  private readonly remoteForwards: RemoteForwards;
  private readonly transparent: TransparentListener;
  private readonly sockets = new Map<number, number>();
  /** How the paths were opened, by number. */
  private readonly opened = new Map<number, PathOpen>();
  /** What closes the former socket of each path that has one. */
  private readonly formerSockets = new Map<number, () => void>();

  constructor(
    options: ClientEngineOptions,
    private readonly parts: Parts,
    private readonly emit: Emit,
  ) {
    this.core = new ClientCore(
      {
        ...parts,
        rules: options.rules,
        tunName: parts.tun.name,
        privateKey: fromBase64(options.privateKey),
        serverPublicKey: fromBase64(options.serverPublicKey),
        psk: fromBase64(options.psk),
        inviteId: options.inviteId === undefined ? null : fromBase64(options.inviteId),
        counter: options.counter,
        endpoints: options.endpoints.map(endpointWords),
        wantedAddress: options.wantedAddress === undefined ? 0 : parseIpv4(options.wantedAddress),
      },
      parts.clock.nowMs,
    );
    const refusals = new StreamRefusals(parts.clock, emit);
    this.engine = startLoop(
      this.core,
      parts,
      (event) => {
        // These two are the server's.
        if (event.kind !== 'client' && event.kind !== 'invite-used') emit(event);
      },
      (streams) =>
        handleStreamNews(
          streams,
          (stream) => this.remoteForwards.handleCaller(stream),
          // Remote forwards tell of themselves.
          (stream) => stream.target.listens || refusals.handle(stream, stream.endedBy),
        ),
    );
    const host = pumpHost(this.engine);
    const open = (target: Target) => {
      const stream = this.core.openStream(target, this.engine.now);
      if (stream === null) refusals.handle({ peerName: '', target }, TerminateKind.LIMIT);
      return stream;
    };
    this.forwards = new ForwardListener(host, open, emit);
    // Where callers are led is this client's own wish.
    const dialer = new SocketDialer({
      host,
      allows: () => true,
      onRefused: (...what) => refusals.handle(...what),
    });
    this.remoteForwards = new RemoteForwards({ clock: parts.clock, host, open, dialer, emit });
    this.transparent = new TransparentListener(host, parts.clock, open);
  }

  static async start(options: ClientEngineOptions, emit: Emit): Promise<ClientRole> {
    const parts = await openParts(options.networkKey, options.tunName, options.policy, 1, MAX_SESSIONS);
    const role = new ClientRole(options, parts, emit);
    emit({ kind: 'ready', tunName: parts.tun.name, ports: [] });
    return role;
  }

  handle(command: EngineCommand): void {
    switch (command.kind) {
      case 'path-open':
        this.openPath(command);
        break;
      case 'forward-add':
        this.addForward(command.forward);
        break;
      case 'forward-remove':
        this.forwards.remove(command.id);
        this.remoteForwards.remove(command.id);
        break;
      case 'transparent-listen':
        void this.listenTransparently(command.hold);
        break;
      case 'path-close':
        this.closePath(command.path);
        break;
      case 'path-mtu':
        this.core.setPathMtu(command.path, command.mtuBytes, this.engine.now);
        this.engine.drain();
        break;
      case 'path-budget':
        this.core.setBudget(command.path, command.limitBytes, this.engine.now);
        this.engine.drain();
        break;
      case 'policy':
        this.core.setPolicy(policyNamed(command.policy), command.rules, this.engine.now);
        this.engine.drain();
        break;
      case 'wakeup':
        this.wakeup(command.path);
        break;
      case 'attend':
        this.core.attend(this.engine.now);
        this.engine.drain();
        break;
      case 'endpoints':
        this.core.setEndpoints(command.endpoints.map(endpointWords));
        break;
      case 'snapshot':
      case 'sample':
        this.emit(this.withPorts(answerOf(command, this.core, this.engine.now, this.parts)));
        break;
      case 'stop':
        this.forwards.close();
        this.remoteForwards.close();
        this.transparent.close();
        this.core.close(this.engine.now);
        this.engine.drain();
        for (const path of [...this.sockets.keys()]) this.closePath(path);
        this.engine.close();
        this.parts.sealer.close();
        break;
      default:
        throw new Error(`${command.kind} is for a server`);
    }
  }

  private addForward(forward: Forward): void {
    const forwards = forward.direction === 'remote' ? this.remoteForwards : this.forwards;
    if (this.forwards.size + this.remoteForwards.size < MAX_FORWARDS) forwards.add(forward);
    else {
      const message = `there are ${MAX_FORWARDS} already`;
      this.emit({ kind: 'forward', id: forward.id, state: 'failed', message, code: '', port: 0 });
    }
  }

  private async listenTransparently(hold: SynHold): Promise<void> {
    try {
      const ports = await this.transparent.listen();
      const message = this.tryToHold(hold);
      this.emit({ kind: 'transparent', ports, isHolding: message === '', message });
    } catch (error) {
      this.emit({ kind: 'transparent', ports: null, isHolding: false, message: (error as Error).message });
    }
  }

  /** Returns why it does not; '' = it does. */
  private tryToHold(hold: SynHold): string {
    try {
      this.transparent.hold(hold);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Which port a NAT makes of which is known outside the core. */
  private withPorts(answer: EngineEvent): EngineEvent {
    if (answer.kind !== 'snapshot') return answer;
    const withPort = (path: PathSnapshot): PathSnapshot => {
      const socket = this.sockets.get(path.path);
      return socket === undefined ? path : { ...path, localPort: this.parts.udp.port(socket) };
    };
    const peers = answer.snapshot.peers.map((peer) => ({ ...peer, paths: peer.paths.map(withPort) }));
    return { ...answer, snapshot: { ...answer.snapshot, peers } };
  }

  /** New sockets: those from before may hang on an address or a route that is gone. */
  private wakeup(path: number | undefined): void {
    for (const [id, command] of this.opened) if (path === undefined || path === id) this.rebind(id, command);
    this.core.wakeup(path ?? null, this.engine.now);
    this.engine.drain();
  }

  private rebind(path: number, { family, interfaceName, mark }: PathOpen): void {
    const before = this.sockets.get(path);
    try {
      const socket = this.parts.udp.open({ family, interfaceName, mark });
      this.sockets.set(path, socket);
      this.core.rebindPath(path, socket);
      this.engine.watchSocket(socket);
    } catch (error) {
      this.fail(path, interfaceName, error);
      return;
    }
    if (before !== undefined) this.closeLater(path, before);
  }

  /** One former socket per path at most. */
  private closeLater(path: number, socket: number): void {
    this.formerSockets.get(path)?.();
    const close = () => {
      stopTimer();
      this.formerSockets.delete(path);
      this.engine.closeSocket(socket);
    };
    const stopTimer = this.parts.clock.after(FORMER_SOCKET_MS, close);
    this.formerSockets.set(path, close);
  }

  private openPath(command: PathOpen): void {
    const { kind: _, path, mark, ...rest } = command;
    const { interfaceName, family } = rest;
    this.closePath(path);
    try {
      const socket = this.parts.udp.open({ family, interfaceName, mark });
      this.sockets.set(path, socket);
      this.opened.set(path, command);
      if (!this.core.openPath({ ...rest, id: path, socket }, this.engine.now)) {
        throw Object.assign(new Error(`the server has no IPv${family} address`), { code: 'EAFNOSUPPORT' });
      }
      this.engine.watchSocket(socket);
      this.engine.drain();
    } catch (error) {
      this.fail(path, interfaceName, error);
    }
  }

  private fail(path: number, interfaceName: string, error: unknown): void {
    this.closePath(path);
    const { message, code } = error as NodeJS.ErrnoException;
    this.emit({ kind: 'path-failed', path, interfaceName, message, code: code ?? '' });
  }

  private closePath(path: number): void {
    this.formerSockets.get(path)?.();
    const socket = this.sockets.get(path);
    if (socket === undefined) return;
    this.sockets.delete(path);
    this.opened.delete(path);
    this.core.closePath(path, this.engine.now);
    this.engine.drain();
    this.engine.closeSocket(socket);
  }
}
