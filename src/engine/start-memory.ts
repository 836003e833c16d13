/** Main's part in using little memory: what a start needs, modules and all, is a third more than what is needed later. */
import { loadNative } from '../native/native.ts';

/** Until then a start is over: paths asked, routes set, the first packets carried. */
const START_MS = 2_000;

/** To be called before the engine's thread begins: loading the addon sets the process's allocator up. */
export function prepareMemory(): void {
  try {
    // What loading main's modules took, before the engine loads its own.
    loadNative().addon.releaseStartMemory();
  } catch {
    // The engine will say so, with the remedy.
  }
}

/** To be called when the engine is ready. */
export function releaseStartMemory(): void {
  setTimeout(() => loadNative().addon.releaseStartMemory(), START_MS).unref();
}
