/** Runs one scenario from start to end and says how it went; never throws for what the core does. */
import type { Scenario } from './scenario.ts';
import { Violation } from './watch/violation.ts';
import { type Report, World } from './world.ts';

export type Outcome =
  | { readonly ok: true; readonly report: Report }
  | {
      readonly ok: false;
      readonly invariant: string;
      readonly message: string;
      readonly atMs: number;
      readonly trace: string[];
    };

export interface RunOptions {
  /** Called with every line of the trace. */
  readonly onLine?: (line: string) => void;
  /** Called about once per simulated minute. */
  readonly onProgress?: (nowMs: number) => void;
}

const PROGRESS_EVERY_MS = 60_000;
const TRACE_LINES = 60;

export async function run(scenario: Scenario, options: RunOptions = {}): Promise<Outcome> {
  let world: World | null = null;
  try {
    world = await World.create(scenario, options.onLine);
    for (let untilMs = 0; untilMs < scenario.durationMs; ) {
      untilMs = Math.min(untilMs + PROGRESS_EVERY_MS, scenario.durationMs);
      world.run(untilMs);
      options.onProgress?.(untilMs);
    }
    return { ok: true, report: world.finish() };
  } catch (error) {
    // Whatever else the core throws is a violation too: it must never throw for what comes from outside.
    const invariant = error instanceof Violation ? error.invariant : 'no-exception';
    const message = error instanceof Violation ? error.message : String((error as Error).stack ?? error);
    const atMs = world?.queue.nowMs ?? 0;
    return { ok: false, invariant, message, atMs, trace: world?.trace.tail(TRACE_LINES) ?? [] };
  } finally {
    world?.close();
    // The addon lets go of the batches of dead cores on a turn of the real loop only.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
