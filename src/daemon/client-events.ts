/** What the client's engine tells, and what follows from it. */
import type { ClientConfig } from '../config/client-config.ts';
import type { Assignment, EngineEvent } from '../engine/messages.ts';
import type { Budgets } from './budgets.ts';
import type { ClientPaths } from './client-paths.ts';
import type { ClientTunnel } from './client-tunnel.ts';
import type { Endpoints } from './endpoints.ts';
import type { Forwards } from './forwards.ts';
import type { History } from './history.ts';
import type { Life } from './lifecycle.ts';
import type { Log } from './log.ts';
import { OncePerSubject } from './once-per-subject.ts';
import type { OutageWatch } from './outage-watch.ts';
import type { PathStates } from './path-states.ts';
import type { Persist } from './persist.ts';
import { canHeal, refusal, sayRefusal } from './refusal.ts';
import type { ServiceManager } from './service-manager.ts';

export interface ClientEventsParts {
  readonly config: Pick<ClientConfig, 'address' | 'route'>;
  /** HOST:PORT. */
  readonly server: string;
  readonly tunName: string;
  readonly tunnel: ClientTunnel;
  readonly endpoints: Endpoints;
  readonly states: PathStates;
  readonly outage: OutageWatch;
  readonly paths: ClientPaths;
  readonly budgets: Budgets;
  readonly forwards: Forwards;
  readonly persist: Persist;
  readonly history: History;
  readonly service: ServiceManager;
  readonly log: Log;
  readonly life: Life;
}

export class ClientEvents {
  #isConnected = false;
  readonly #refused: OncePerSubject;

  constructor(private readonly parts: ClientEventsParts) {
    this.#refused = new OncePerSubject(parts.log);
  }

  handle(event: EngineEvent): void {
    const { endpoints, history, log } = this.parts;
    switch (event.kind) {
      case 'assigned':
        this.#handleAssigned(event.assignment);
        break;
      case 'refused':
        this.#handleRefused(event);
        break;
      case 'session':
        if (event.state === 'established') endpoints.settle();
        else endpoints.search();
        log.info({ suite: event.suite || undefined }, `session-${event.state}`);
        history.session(event.state, event.suite);
        break;
      case 'path':
        this.#handlePath(event);
        break;
      case 'path-spent':
        this.parts.budgets.handleSpent(event);
        break;
      case 'forward':
        this.parts.forwards.handle(event);
        break;
      case 'stream-refused':
        log.warn({ target: event.target, reason: event.reason, untold: event.untold }, 'stream-refused');
        break;
      case 'transparent':
        this.parts.persist.handle(event);
        break;
      case 'path-failed':
        this.parts.paths.handleFailed(event.path, event.message);
        break;
      default:
        log.debug({ event: event.kind }, 'engine-event');
    }
  }

  #handleAssigned(assignment: Assignment): void {
    const { tunnel, life } = this.parts;
    this.#isConnected = true;
    this.#refused.forget('server');
    tunnel
      .apply(assignment)
      .then((isNew) => isNew && this.#sayConnected(assignment))
      .catch((error) => life.isEnding || life.fail(error));
  }

  #sayConnected(assignment: Assignment): void {
    const { config, server, tunName, states, history, service, log } = this.parts;
    history.up(assignment, { tun: tunName, server });
    const routes = config.route.kind === 'some' ? config.route.networks : config.route.kind;
    const as = `${assignment.address}/${assignment.prefixLength}`;
    log.info({ server, as, tun: tunName, routes, over: states.upInterfaces }, 'connected');
    service.ready(sayLinks(states));
  }

  #handleRefused(event: Extract<EngineEvent, { kind: 'refused' }>): void {
    const { config, history, life } = this.parts;
    history.note('refused', { code: event.code, text: event.text });
    if (this.#isConnected && canHeal(event))
      this.#refused.warn('server', sayRefusal(event, config.address), 'refused');
    else life.fail(refusal(event, config.address));
  }

  #handlePath(event: Extract<EngineEvent, { kind: 'path' }>): void {
    const { states, outage, endpoints, service } = this.parts;
    states.handle(event);
    outage.handle(states.isAnyUp);
    if (this.#isConnected) service.status(sayLinks(states));
    // The server may have moved: its name is asked again while nothing gets through.
    if (event.state === 'up') endpoints.settle();
    else if (!states.isAnyUp) endpoints.search();
  }
}

/** For `systemctl status`. */
function sayLinks({ upInterfaces }: PathStates): string {
  return upInterfaces.length > 0
    ? `connected over ${upInterfaces.join(', ')}`
    : 'no link reaches the server: packets wait';
}
