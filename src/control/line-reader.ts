/** Splits a byte stream into lines without ever holding more than one line's limit. */

const NEWLINE = 0x0a;

export class LineReader {
  private readonly parts: Buffer[] = [];
  private bytes = 0;

  constructor(private readonly maxLineBytes: number) {}

  /** The lines that `chunk` completes, without their newlines; null when a line is too long: the stream is of no use then. */
  push(chunk: Buffer): string[] | null {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      if (!this.keep(chunk.subarray(start, end))) return null;
      lines.push(Buffer.concat(this.parts.splice(0)).toString('utf8'));
      this.bytes = 0;
      start = end + 1;
    }
    return this.keep(chunk.subarray(start)) ? lines : null;
  }

  private keep(part: Buffer): boolean {
    this.bytes += part.length;
    if (part.length > 0) this.parts.push(part);
    return this.bytes <= this.maxLineBytes;
  }
}
