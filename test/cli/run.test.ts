/** The program: exit statuses, and what goes to which stream. As a process where that matters, else in this one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { VERBS } from '../../src/cli/commands.ts';
import { run } from '../../src/cli/run.ts';
import { formatVerbList } from '../../src/cli/verb-list.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

async function resip(words: readonly string[], input = '') {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...words], { stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** Starting a process takes a while on a busy machine. */
const SLOW_MS = 30_000;

async function inProcess(words: readonly string[]) {
  const text = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      text[name] += String(chunk);
      return true;
    }),
  );
  const print = vi.spyOn(console, 'log').mockImplementation((line) => {
    text.stdout += `${line}\n`;
  });
  try {
    return { code: await run(words), ...text };
  } finally {
    for (const spy of [...spies, print]) spy.mockRestore();
  }
}

test('a current directory that was removed is named', async () => {
  const cwd = vi.spyOn(process, 'cwd').mockImplementation(() => {
    throw new Error('ENOENT: no such file or directory, uv_cwd');
  });
  const { code, stderr } = await inProcess(['status']).finally(() => cwd.mockRestore());
  expect(stderr).toMatch(/^resip-vpn: the current directory is not there any more\n.*\n {2}fix: cd/);
  expect(code).toBe(1);
});

describe('misuse is 2, says what to do, and leaves stdout alone', () => {
  test.each([
    [[], 'one of: server, invite, client'],
    [['clinet'], 'did you mean client?'],
    [['joni'], 'did you mean join?'],
    [['--hlep'], 'did you mean --help?'],
    [
      ['path', 'remov', 'wlan0'],
      'path: expected list, add, remove, got "remov"\n  fix: did you mean remove?',
    ],
    [['doctor', 'wlan0'], 'doctor: expected client, server, got "wlan0"\n  fix: see resip-vpn doctor --help'],
    [['exclude', 'firefox'], 'it stands behind two dashes'],
    [['down'], 'systemctl stop resip-vpn-client@client'],
    [['quux'], 'resip-vpn --help lists them'],
    [['server', 'now'], 'server does not know what to do with now'],
    [['client'], '-i: expected at least one interface'],
    [['client', 'x', '-i', 'wlan0'], 'x is no invite'],
    [['client', 'resip://h/#AQ', '-i', 'wlan0'], 'cut short'],
    [['client', '-i', 'wlan0', '--polcy', 'x', '--mtu', '7'], '--polcy: unknown; did you mean policy?'],
    [['client', '-i', 'wlan0', '--tun'], 'tun'],
    [['server', '--pool', '10.0.0.0/33'], '--pool: expected'],
    [['invite', 'laptop'], 'endpoint'],
    [['invite', 'lap top', '--endpoint', 'h:1'], 'NAME: expected'],
    [['invite', 'laptop', '--endpoint', 'h:99999'], '--endpoint: expected HOST:PORT'],
    [['invite', 'laptop', '--endpoint', 'h', '--expires', 'soon'], '--expires: expected a duration'],
    [['status', '--jsn'], 'jsn'],
    [['invite'], 'invite: something is missing\n  fix: see resip-vpn invite --help'],
    [['wakeup', 'wlan0'], 'see resip-vpn wakeup --help'],
    [['invite', 'laptop', '--endpoint', '2001:db8::1:4600'], 'or [2001:db8::1]:4600'],
    [['join', 'resip://x/#AQ'], 'INVITE: expected an invite'],
    [['join', 'resip://x/#AQ', '-i', 'wlan0,bakcup'], 'expected backup'],
    [['join', 'resip://x/#AQ', '--name', 'a/b'], '--name: expected letters'],
    [['server', 'init', '--endpoint', 'h:0', '--pool', 'x'], '--endpoint: expected HOST:PORT'],
    [['server', 'init', '--endpoint', 'h', '--pool', 'x'], '--pool: expected'],
    [['server', 'innit'], 'server does not know what to do with innit'],
  ])('%j', async (words, complaint) => {
    const { code, stdout, stderr } = await inProcess(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(complaint);
    expect(stderr).not.toContain('    at ');
  });
});

test('a bad file is 78, with every fault', async () => {
  const file = join(temporaryDir(), 'c.toml');
  writeFileSync(file, 'interfce = "wlan0"\nmtu = 1\n');
  const { code, stderr } = await inProcess(['client', '--config', file]);
  expect(code).toBe(78);
  expect(stderr).toContain('interfce: unknown; did you mean interface?');
  expect(stderr).toContain('mtu: expected a whole number of bytes from 1280 to 1500, got 1');
});

test('status without a daemon is 1 and says how to start one', { timeout: SLOW_MS }, async () => {
  const { code, stdout, stderr } = await resip(['status', '--state-dir', join(temporaryDir(), 'none')]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('resip-vpn client');
});

test('invites: one line on stdout, keys made on the way, a taken name refused', {
  timeout: SLOW_MS,
}, async () => {
  const stateDir = join(temporaryDir(), 'new');
  const words = ['invite', 'laptop', '--endpoint', 'vpn.example.org:4600', '--state-dir', stateDir];
  const first = await resip(words);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(/^resip:\/\/vpn\.example\.org:4600\/#[A-Za-z0-9_-]+\n$/);
  const second = await resip(words);
  expect({ code: second.code, stdout: second.stdout }).toEqual({ code: 1, stdout: '' });
  expect(second.stderr).toContain('there is an invite for laptop already');
});

describe('keys', { timeout: SLOW_MS }, () => {
  test('genkey prints a key, pubkey its public half', async () => {
    const { code, stdout } = await resip(['genkey']);
    expect({ code, bytes: Buffer.from(stdout, 'base64').length }).toEqual({ code: 0, bytes: 32 });
    expect((await resip(['pubkey'], stdout)).stdout).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
  });

  test('pubkey knows the keys of RFC 7748 §6.1', async () => {
    const base64 = (hex: string) => `${Buffer.from(hex, 'hex').toString('base64')}\n`;
    const privateKey = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
    const publicKey = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a';
    expect((await resip(['pubkey'], base64(privateKey))).stdout).toBe(base64(publicKey));
  });

  test('pubkey does not repeat what it was given', async () => {
    const { code, stderr } = await resip(['pubkey'], 'almost-a-key');
    expect(code).toBe(1);
    expect(stderr).not.toContain('almost-a-key');
  });
});

describe('help', () => {
  test.each(['server', 'invite', 'client', 'status', 'genkey', 'pubkey'])(
    '%s has an example',
    async (verb) => {
      const { code, stdout } = await inProcess([verb, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples:\\n  # .*\\n  resip-vpn .*${verb}`));
    },
  );

  test('the program names its verbs and its version', async () => {
    const list = await inProcess(['--help']);
    for (const { command } of VERBS) expect(list.stdout).toContain(`\n  resip-vpn ${command} `);
    expect(list).toMatchObject({ code: 0, stderr: '' });
    for (const line of formatVerbList(80).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    for (const words of [['--version'], ['-V'], ['status', '--version']])
      expect((await inProcess(words)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('as a word is help', async () => {
    expect((await inProcess(['help'])).stdout).toBe((await inProcess(['--help'])).stdout);
    expect((await inProcess(['help', 'path'])).stdout).toContain('resip-vpn path remove IFACE');
  });

  test('the list of verbs costs no parser: it is there before others have loaded theirs', () => {
    const list = readFileSync(new URL('../../src/cli/verb-list.ts', import.meta.url), 'utf8');
    const program = readFileSync(new URL('../../src/cli/run.ts', import.meta.url), 'utf8');
    expect(`${list}${program}`).not.toMatch(/^import (?!type)[^;]*'yargs'/m);
  });
});
