/** What the lab says to the emulator and hears back: one JSON object per line on its stdin and stdout. */
import type { LinkCounters } from './link-model.ts';
import type { Direction, LinkSettings } from './link-settings.ts';

export type EmulatorRequest =
  /** Makes the TAP devices `near` (client side) and `far` in the emulator's namespace; they may be moved and renamed. */
  | { readonly kind: 'open'; readonly link: string; readonly near: string; readonly far: string }
  /** The near device vanishes. */
  | { readonly kind: 'unplug'; readonly link: string }
  /** A new one, `near`, takes its place, in the emulator's namespace again. */
  | { readonly kind: 'plug'; readonly link: string; readonly near: string }
  | {
      readonly kind: 'set';
      readonly link: string;
      readonly directions: readonly Direction[];
      readonly settings: Partial<LinkSettings>;
    }
  /** Answer: `LinkReport` by link. */
  | { readonly kind: 'report' };

export type EmulatorMessage = EmulatorRequest & { readonly id: number };

export interface DirectionReport extends LinkCounters {
  readonly settings: LinkSettings;
  /** Frames that the receiving device took. */
  readonly delivered: number;
}

export type LinkReport = Readonly<Record<Direction, DirectionReport>>;

export type EmulatorReply =
  | { readonly id: number; readonly result: EmulatorReport | null }
  | { readonly id: number; readonly error: string };

export interface EmulatorReport {
  readonly links: Readonly<Record<string, LinkReport>>;
  /** Frames lost because the emulator itself had no room; anything but 0 spoils a measurement. */
  readonly refused: number;
}
