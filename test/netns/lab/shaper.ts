import type { EmulatorReport } from './emulator-protocol.ts';
import type { Direction, LinkSettings } from './link-settings.ts';
import type { Namespace } from './namespace.ts';

/** One end of a link: a device to be made in a namespace. */
export interface LinkEnd {
  readonly namespace: Namespace;
  readonly device: string;
  readonly mac: string;
}

/** What makes links and spoils them: the project's emulator, or the kernel's netem. */
export interface Shaper {
  /** Makes both devices, down and without addresses. */
  connect(link: string, near: LinkEnd, far: LinkEnd): Promise<void>;
  /** The near device vanishes from its namespace, as a modem that is pulled out. */
  unplug(link: string): Promise<void>;
  /** Another near device in its place, down and without addresses. */
  plug(link: string, near: LinkEnd): Promise<void>;
  set(link: string, settings: Partial<LinkSettings>, directions?: readonly Direction[]): Promise<void>;
  report(): Promise<EmulatorReport>;
  stop(): Promise<void>;
}
