/**
 * What main keeps on disk of one metered link: bytes are set aside before the engine may use them, as `daemon/budgets.ts` does it,
 * without a calendar. What a killed process had set aside is forfeited.
 */
const GRANTS_PER_BUDGET = 16;

export class LinkBudget {
  /** Not set aside. */
  private leftBytes: number;
  private grantedBytes = 0;
  /** What came back in all: some of it may have been under way, and nobody counted it. */
  returnedBytes = 0;

  constructor(readonly totalBytes: number) {
    this.leftBytes = totalBytes;
  }

  /** A path opens: what it may carry at first. */
  open(): number {
    this.grantedBytes = 0;
    this.grant();
    return this.grantedBytes;
  }

  /** The path has carried so much: its new limit, or null where it has enough, or there is no more. */
  extend(spentBytes: number): number | null {
    const before = this.grantedBytes;
    if (before - spentBytes < this.totalBytes / GRANTS_PER_BUDGET) this.grant();
    return this.grantedBytes > before ? this.grantedBytes : null;
  }

  /** The path was closed in order: what it did not use goes back. */
  close(spentBytes: number): void {
    const unusedBytes = Math.max(0, this.grantedBytes - spentBytes);
    this.leftBytes += unusedBytes;
    this.returnedBytes += unusedBytes;
    this.grantedBytes = 0;
  }

  private grant(): void {
    const bytes = Math.min(this.leftBytes, Math.ceil(this.totalBytes / GRANTS_PER_BUDGET));
    this.leftBytes -= bytes;
    this.grantedBytes += bytes;
  }
}
