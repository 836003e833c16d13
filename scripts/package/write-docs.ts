/** Writes manual pages and completions into a folder: `tsx scripts/package/write-docs.ts FOLDER`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VERBS } from '../../src/cli/commands.ts';
import { version } from '../../src/version.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './completions.ts';
import { type CommandInfo, describeCommand } from './describe.ts';
import { commandsPage, configPage } from './manual.ts';

export async function describeAll(): Promise<CommandInfo[]> {
  const modules = await Promise.all(VERBS.map(({ load }) => load()));
  return modules.flatMap((module) => describeCommand(module));
}

/** Paths below share/ of a system, with their texts. */
export async function makeDocs(now: Date): Promise<Record<string, string>> {
  const commands = await describeAll();
  const edition = { version: version(), date: now.toISOString().slice(0, 10) };
  return {
    'man/man8/resip-vpn.8': commandsPage(commands, edition),
    'man/man5/resip-vpn.toml.5': configPage(commands, edition),
    'bash-completion/completions/resip-vpn': bashCompletion(commands),
    'zsh/vendor-completions/_resip-vpn': zshCompletion(commands),
    'fish/vendor_completions.d/resip-vpn.fish': fishCompletion(commands),
  };
}

const [, program, folder] = process.argv;
if (program.endsWith('write-docs.ts') && folder !== undefined) {
  // Two packages of one commit are the same, byte by byte.
  const seconds = process.env.SOURCE_DATE_EPOCH;
  const docs = await makeDocs(seconds === undefined ? new Date() : new Date(Number(seconds) * 1_000));
  for (const [path, text] of Object.entries(docs)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
