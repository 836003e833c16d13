/** What a server tells of sessions and paths is what is: a listener never has to look for himself. */
import type { EngineEvent } from '../../../src/engine/messages.ts';
import type { Association } from '../../../src/proto/association/association.ts';
import { Violation } from './violation.ts';

interface Told {
  hasSession: boolean;
  readonly up: Set<number>;
}

export class ReportWatch {
  /** By public key. */
  private readonly told = new Map<string, Told>();

  /** Another process tells anew. */
  clear(): void {
    this.told.clear();
  }

  note(event: EngineEvent): void {
    if (event.kind !== 'peer-session' && event.kind !== 'peer-path') return;
    const told = this.of(event.publicKey);
    if (event.kind === 'peer-session') {
      const isNews = told.hasSession !== (event.state === 'established');
      if (!isNews) throw new Violation('told-once', `${event.name}: session ${event.state} again`);
      told.hasSession = !told.hasSession;
      return;
    }
    const { path, state, name } = event;
    if (told.up.has(path) === (state === 'up'))
      throw new Violation('told-once', `${name}: path ${path} ${state} again`);
    if (state === 'up') told.up.add(path);
    else told.up.delete(path);
  }

  check({ key, name, current, paths }: Association): void {
    const { hasSession, up } = this.of(key);
    if (hasSession !== (current !== null)) throw new Violation('told-as-it-is', `${name}: session`);
    for (const [id, path] of paths.entries()) {
      const state = path?.state ?? 'closed';
      const isRight = up.has(id) ? state !== 'down' && state !== 'closed' : state !== 'up';
      if (!isRight) throw new Violation('told-as-it-is', `${name}: path ${id} is ${state}`);
    }
  }

  private of(publicKey: string): Told {
    const told = this.told.get(publicKey) ?? { hasSession: false, up: new Set() };
    this.told.set(publicKey, told);
    return told;
  }
}
