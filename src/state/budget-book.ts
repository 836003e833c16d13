/**
 * What metered interfaces have used, on disk: `budgets.json` in the state directory. Bytes are set aside there before they may be
 * used, so that no end of the process, however sudden, makes them available twice.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { writeAtomic } from './atomic-file.ts';
import type { BudgetUse } from './budget-period.ts';
import { readJson } from './json-file.ts';
import { countSchema } from './records.ts';

/** Interfaces come and go; those unused for longest are forgotten first, and below this many nobody is. */
const MAX_INTERFACES = 64;

const useSchema = z.object({ periodStartMs: z.number().finite(), usedBytes: countSchema });
const fileSchema = z.object({ version: z.literal(1), interfaces: z.record(z.string(), useSchema) });

export class BudgetBook {
  private constructor(
    private readonly path: string,
    private readonly uses: Map<string, BudgetUse>,
    /** Why the file could not be read: then every budget counts as used up until its period ends. */
    readonly damage: string | undefined,
  ) {}

  static async open(stateDir: string): Promise<BudgetBook> {
    const path = join(stateDir, 'budgets.json');
    const result = await readJson(path, fileSchema);
    const uses = result.kind === 'read' ? Object.entries(result.value.interfaces) : [];
    return new BudgetBook(path, new Map(uses), result.kind === 'damaged' ? result.reason : undefined);
  }

  use(interfaceName: string): BudgetUse | undefined {
    return this.uses.get(interfaceName);
  }

  /** Resolves when it is on the disk. Throws `UserError`; then nothing was set aside. */
  async put(interfaceName: string, use: BudgetUse): Promise<void> {
    const before = this.uses.get(interfaceName);
    this.uses.delete(interfaceName);
    this.uses.set(interfaceName, use);
    const oldest = this.uses.keys().next().value;
    if (this.uses.size > MAX_INTERFACES && oldest !== undefined) this.uses.delete(oldest);
    const text = JSON.stringify({ version: 1, interfaces: Object.fromEntries(this.uses) }, null, 2);
    try {
      await writeAtomic(this.path, `${text}\n`);
    } catch (error) {
      if (before === undefined) this.uses.delete(interfaceName);
      else this.uses.set(interfaceName, before);
      throw error;
    }
  }
}
