/** The past minutes as `top` and the dashboard ask for them: columns of equal length, null = unknown then. */

import type { PathSample } from '../engine/messages.ts';

export type Column = readonly (number | null)[];

/** Bytes per second inside the tunnel. */
export interface Traffic {
  readonly sent: Column;
  readonly received: Column;
}

export interface PathTrend {
  /** The interface; on a server the client's number of the path. */
  readonly name: string;
  /** False: closed; what is told of it is from before. */
  readonly isOpen: boolean;
  readonly last: PathSample;
  readonly columns: {
    /** 2 = up, 1 = suspect, 0 = carries nothing; null = there was no such path. */
    readonly level: Column;
    /** Milliseconds, while the path carries packets. */
    readonly rttMs: Column;
    /** Fractions 0..1. */
    readonly lossOut: Column;
    readonly lossIn: Column;
    /** Outer bytes per second. */
    readonly sent: Column;
    readonly received: Column;
    /** Per second: packets that came over this path first; that would be missing without it. */
    readonly first: Column;
    readonly saved: Column;
  };
}

export interface PeerTrend {
  readonly name: string;
  readonly address: string | null;
  /** At the last sample. */
  readonly isConnected: boolean;
  readonly streamCount: number;
  readonly columns: Traffic;
  /** Of the peer that was asked for; of others their last state only, with empty columns. */
  readonly paths: readonly PathTrend[];
}

export interface TrendsAnswer {
  /** Another one = the daemon was started anew, and the numbers began again. */
  readonly run: string;
  readonly periodMs: number;
  /** Most samples that are kept. */
  readonly capacity: number;
  /** Number of the first sample here; those before it are too old or were not asked for. */
  readonly first: number;
  /** Of each sample, milliseconds of this machine's clock that also goes on while it sleeps. */
  readonly atMs: readonly number[];
  /** What to add to `atMs` for milliseconds since the epoch. */
  readonly epochMs: number;
  readonly connectedCount: number;
  readonly peerCount: number;
  readonly total: Traffic & { readonly connected: Column };
  /** Those that are kept, in the order in which they were first seen. */
  readonly peers: readonly PeerTrend[];
}

export interface TrendsRequest {
  /** Samples from this number on; absent = all. */
  readonly from?: number;
  /** At most so many, the newest. */
  readonly last?: number;
  /** The peer whose paths are wanted in full. */
  readonly peer?: string;
}
