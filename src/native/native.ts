/** The addon of this thread with the registry of its batches: what the Linux edges and the sealer are built on. */
import { type Addon, loadAddon } from './addon.ts';
import { BatchRegistry } from './batch-registry.ts';

export interface Native {
  readonly addon: Addon;
  readonly batches: BatchRegistry;
}

let native: Native | undefined;

/** Loads the addon once per thread; throws with the remedy when it is not built. */
export function loadNative(): Native {
  if (native === undefined) {
    const addon = loadAddon();
    native = { addon, batches: new BatchRegistry(addon) };
  }
  return native;
}
