/** Manual pages without warnings, completions without gaps: judged by mandoc, man and the shells, where this machine has them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMON_FLAGS, type CommandInfo } from '../../scripts/package/describe.ts';
import { describeAll, makeDocs } from '../../scripts/package/write-docs.ts';
import { clientKind } from '../../src/config/client-config.ts';
import { serverKind } from '../../src/config/server-config.ts';

const NOW = new Date(0);
const commands: CommandInfo[] = await describeAll();
const docs = await makeDocs(NOW);
const folder = mkdtempSync(join(tmpdir(), 'resip-docs-'));
beforeAll(() => {
  for (const [path, text] of Object.entries(docs)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Stdout; a program that complains fails the test. */
function run(file: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(file, words, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  expect({ words, status, stderr }).toEqual({ words, status: 0, stderr: '' });
  return stdout;
}

function has(tool: string): boolean {
  const isThere = spawnSync('which', [tool]).status === 0;
  if (!isThere) process.stderr.write(`${tool} does not judge: it is not on this machine\n`);
  return isThere;
}

/** Where the cursor stands behind a command, and what must be offered there. */
const places = commands.map(({ path, flags, positionals }) => {
  const below = commands.filter(
    (other) => other.path.length === path.length + 1 && path.every((word, i) => other.path[i] === word),
  );
  return {
    path,
    flags: [...flags, ...COMMON_FLAGS].map(({ name }) => `--${name}`),
    words: [
      ...below.map((other) => other.path[path.length]),
      ...positionals.flatMap(({ choices }) => choices),
    ],
  };
});
const verbs = commands.filter(({ path }) => path.length === 1).map(({ path }) => path[0]);

describe('manual', () => {
  const pages = ['man/man8/resip-vpn.8', 'man/man5/resip-vpn.toml.5'];

  test.runIf(has('mandoc')).each(pages)('%s is clean', (page) => {
    expect(run('mandoc', '-T', 'lint', '-W', 'style', join(folder, page))).toBe('');
  });

  test.runIf(has('man')).each(pages)('%s is set without a warning', (page) => {
    run('man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', join(folder, page));
  });

  test('every command, flag and key is in it', () => {
    const [commandsPage, configPage] = pages.map((page) => docs[page].replaceAll('\\-', '-'));
    for (const { path, flags } of places) {
      const [, section] = commandsPage.split(`.SS ${path.join(' ')}\n`);
      const own = section.split(/^\.S[SH] /m)[0];
      for (const flag of flags.slice(0, -COMMON_FLAGS.length)) expect(own).toContain(`\\fB${flag}\\fR`);
    }
    for (const { role, keys } of [clientKind, serverKind]) {
      const own = configPage.split(`.SH KEYS OF A ${role.toUpperCase()}\n`)[1].split(/^\.SH /m)[0];
      for (const key of keys) expect(own).toMatch(new RegExp(`^\\.TP\n\\\\fB${key}\\\\fR\n\\S`, 'm'));
    }
  });
});

test('README names no verb and no flag that is not there', () => {
  const text = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8').replaceAll(
    /npm run .*/g,
    '',
  );
  const flags = new Set(places.flatMap((place) => place.flags));
  const named = [...text.matchAll(/(?<![\w-])--(?:no-)?([a-z][a-z-]*)/g)].map(([, name]) => `--${name}`);
  expect(named.filter((name) => !flags.has(name) && !flags.has(name.replace('--', '--no-')))).toEqual([]);
  const called = [...text.matchAll(/(?:sudo |`)resip-vpn ([a-z][a-z-]*)/g)].map(([, name]) => name);
  expect(called.filter((name) => !verbs.includes(name))).toEqual([]);
  expect(called.length).toBeGreaterThan(20);
});

test.runIf(has('bash'))('bash offers every command, flag and known value', () => {
  const file = join(folder, 'bash-completion/completions/resip-vpn');
  // One shell for all of them: a process each takes a busy machine half a minute.
  const complete = (words: readonly string[]) =>
    `COMP_WORDS=(resip-vpn ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; COMPREPLY=(); _resip_vpn; printf '%s\\n' "\${COMPREPLY[@]}" '>'`;
  const offered = (lines: readonly (readonly string[])[]) =>
    run('bash', '-c', ['source "$0"', ...lines.map(complete)].join('\n'), file)
      .split('>\n')
      .map((answer) => answer.split('\n'));

  const answers = offered(
    places.flatMap(({ path }) => [
      [...path, '--'],
      [...path, ''],
    ]),
  );
  for (const [i, { flags, words }] of places.entries()) {
    expect(answers[2 * i]).toEqual(expect.arrayContaining(flags));
    expect(answers[2 * i + 1]).toEqual(expect.arrayContaining(words));
  }
  const [first, policies, interfaces, nothing] = offered([
    [''],
    ['client', '--policy', 'bo'],
    ['client', '-i', ''],
    ['client', '--tun', 'x'],
  ]);
  expect(first).toEqual(expect.arrayContaining(verbs));
  expect(policies).toEqual(expect.arrayContaining(['bond', 'bond-flows']));
  expect(interfaces).toContain('lo');
  expect(nothing).toEqual(['']);
});

test.runIf(has('fish'))('fish offers every command and flag', { timeout: 120_000 }, () => {
  const file = join(folder, 'fish/vendor_completions.d/resip-vpn.fish');
  const lines = places.flatMap(({ path }) =>
    ['--', ''].map((last) => `resip-vpn ${[...path, last].join(' ')}`),
  );
  const script = ['source $argv[1]', ...lines.map((line) => `echo "> ${line}"; complete -C "${line}"`)].join(
    '\n',
  );
  const answers = run('fish', '--no-config', '-c', script, file)
    .split(/^> .*\n/m)
    .slice(1);
  for (const [i, { flags, words }] of places.entries()) {
    const offered = (text: string) => text.split('\n').map((line) => line.split('\t')[0]);
    expect(offered(answers[2 * i])).toEqual(expect.arrayContaining(flags));
    expect(offered(answers[2 * i + 1])).toEqual(expect.arrayContaining(words));
  }
});

test.runIf(has('zsh'))('zsh is told of every command and flag', () => {
  const file = join(folder, 'zsh/vendor-completions/_resip-vpn');
  run('zsh', '-f', '-n', file);
  // _arguments works inside the line editor only: what it is told shows the same.
  const script = `compdef() { :; }; _arguments() { print -rl -- "$@"; }; source $1; shift; words=(resip-vpn "$@" ''); CURRENT=$#words; _resip-vpn`;
  const told = (path: readonly string[]) => run('zsh', '-f', '-c', script, 'zsh', file, ...path).split('\n');
  const root = told([]).at(-2) ?? '';
  for (const verb of verbs) expect(root).toMatch(new RegExp(`[( ]${verb}[ )]`));
  for (const { path, flags, words } of places) {
    const specs = told(path);
    for (const flag of flags)
      expect(specs.some((spec) => new RegExp(`^\\*?${flag}\\[`).test(spec))).toBe(true);
    for (const word of words) expect(specs.at(-2)).toMatch(new RegExp(`[( ]${word}[ )]`));
  }
});
