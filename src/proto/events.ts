/** What happened in the core that somebody outside has to know. Keys and ids are raw bytes here. */
import type { PathState } from './path/path-state.ts';
import type { Assignment } from './snapshot.ts';

export type CoreEvent =
  | { kind: 'assigned'; assignment: Assignment }
  | { kind: 'refused'; code: number; text: string; during: 'handshake' | 'address' }
  | { kind: 'session'; state: 'established' | 'lost'; suite: string }
  | { kind: 'path'; path: number; interfaceName: string; state: PathState; rttMs: number | null }
  /** Client: bytes that crossed a path with a budget since it was opened, both ways; `isFinal` when it is closed. */
  | { kind: 'path-spent'; path: number; interfaceName: string; spentBytes: number; isFinal: boolean }
  /** Server: the client's record changed and has to outlive this process. */
  | { kind: 'client'; publicKey: string }
  | { kind: 'invite-used'; inviteId: string; publicKey: string };
