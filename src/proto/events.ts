/** What happened in the core that somebody outside has to know. Keys and ids are raw bytes here. */
import type { PathState } from './path/path-state.ts';
import type { Assignment } from './snapshot.ts';

export type CoreEvent =
  | { kind: 'assigned'; assignment: Assignment }
  | { kind: 'refused'; code: number; text: string; during: 'handshake' | 'address' }
  | { kind: 'session'; state: 'established' | 'lost'; suite: string }
  | { kind: 'path'; path: number; interfaceName: string; state: PathState; rttMs: number | null }
  /**
   * Client: bytes that crossed a path with a budget since it was opened, both ways; whenever half of what was granted last is used
   * up, when all of it is, and, `isFinal`, once when the path is closed: what it did not use is granted to others.
   */
  | { kind: 'path-spent'; path: number; interfaceName: string; spentBytes: number; isFinal: boolean }
  /** Server: a client has a session, or none any more. */
  | { kind: 'peer-session'; publicKey: string; name: string; state: 'established' | 'lost'; suite: string }
  /** Server: a path of a client works, or no longer; `remote` null: it was closed. */
  | {
      kind: 'peer-path';
      publicKey: string;
      name: string;
      path: number;
      remote: string | null;
      state: 'up' | 'down';
      rttMs: number | null;
    }
  /** Server: handshakes of a client go on coming with numbers that are used up: two machines have its keys. */
  | { kind: 'peer-stale'; name: string }
  /** Server: the client's record changed and has to outlive this process. */
  | { kind: 'client'; publicKey: string }
  | { kind: 'invite-used'; inviteId: string; publicKey: string };
