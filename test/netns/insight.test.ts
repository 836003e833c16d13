/** What the product shows of itself: `top` on a terminal, the dashboard in a browser, metrics to Prometheus. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import type { Namespace } from './lab/namespace.ts';
import { attempt, type Process, waitFor } from './lab/process.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, resipVpn, SERVER_INNER_ADDRESS, Vpn } from './lab/vpn.ts';

const CHROMIUM = '/usr/bin/chromium';
const PROMTOOL = '/usr/bin/promtool';
const WORDS = ['--dashboard', '127.0.0.1:9461', '--metrics', '127.0.0.1:9460'];
/** Screenshots and screens, for people to look at. */
const ARTEFACTS = process.env.RESIP_ARTEFACTS ?? join(tmpdir(), 'resip-vpn-artefacts');

let lab: Lab;
let vpn: Vpn;
let server: Daemon;
let client: Daemon;

/** Two paths under traffic, and one of them dies. */
beforeAll(async () => {
  mkdirSync(ARTEFACTS, { recursive: true });
  console.log(`screens are kept in ${ARTEFACTS}`);
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: 8, jitterMs: 2 } },
      { kind: 'lte', settings: { delayMs: 25 } },
    ],
  });
  vpn = new Vpn(lab);
  ({ server, client } = await vpn.startPair({ server: ['--no-nat', ...WORDS], client: WORDS }));
  startPing(lab.client.namespace, SERVER_INNER_ADDRESS, { count: 100_000 });
  await lab.cut('lte');
  for (const daemon of [client, server])
    await daemon.until('the path to die', ({ peers }) =>
      peers[0].paths.some(({ state }) => state === 'down'),
    );
});
afterAll(() => lab?.close());
explainFailures(() => vpn);

function keep(name: string, text: string): void {
  writeFileSync(join(ARTEFACTS, name), text);
}

describe('metrics', () => {
  it.each(['client', 'server'])('of a %s please promtool', async (role) => {
    const { namespace } = role === 'client' ? client : server;
    const text = await namespace.run(['curl', '-sf', 'http://127.0.0.1:9460/metrics']);
    expect(text).toMatch(/^resip_path_up\{peer="[a-z]+",path="(wwan0|1)"\} 0$/m);
    if (!existsSync(PROMTOOL)) return console.log(`${PROMTOOL} (package prometheus) is missing: no lint`);
    const { code, stdout, stderr } = await attempt([PROMTOOL, 'check', 'metrics'], { input: text });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe('top', () => {
  const HOME = '\x1b[H';
  const ENTERS = '\x1b[?1049h\x1b[?25l';
  const LEAVES = '\x1b[?25h\x1b[?1049l';

  /** On a pseudo-terminal of this size. */
  function startTop(daemon: Daemon, rows = 24, columns = 80): Process {
    const words = resipVpn('top', '--state-dir', daemon.stateDir).join(' ');
    const env = { LANG: 'C.UTF-8', TERM: 'xterm-256color', SHELL: '/bin/sh' };
    const command = `stty rows ${rows} cols ${columns}; echo pid $$; exec ${words}`;
    return lab.start(lab.client.namespace, ['script', '-qfec', command, '/dev/null'], { stdin: true, env });
  }

  /** What the terminal shows, without colours. */
  function screenOf(top: Process): string {
    const frames = top.stdout.split(HOME);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    return frames[frames.length - 1].replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '');
  }

  it('draws the paths of a client, and gives the terminal back', async () => {
    const top = startTop(client);
    await waitFor('the dead path', () => /wwan0 +down \d+/.test(screenOf(top)) && /x$/m.test(screenOf(top)));
    const screen = screenOf(top);
    keep('top-client.txt', screen);
    expect(screen).toMatch(/^resip-vpn client tun0 {2}10\.77\.0\.2/);
    expect(screen).toMatch(/wlan0 +(up|suspect)/);
    expect(screen).toMatch(/rtt +\d+(\.\d)? ±[\d.]+ ms +.*[▁▂▃▄▅▆▇█]/);
    const lines = screen.split('\n').filter((line) => line !== '');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    top.child.stdin?.write('q');
    const { code, stdout } = await top.ended;
    expect(code).toBe(0);
    expect(stdout.indexOf(ENTERS)).toBeLessThan(stdout.lastIndexOf(LEAVES));
  });

  it('gives it back when it is ended by a signal, too', async () => {
    const top = startTop(server, 12, 100);
    await waitFor('the client', () => screenOf(top).includes(' laptop '));
    keep('top-server.txt', screenOf(top));
    process.kill(Number(/pid (\d+)/.exec(top.stdout)?.[1]), 'SIGTERM');
    const { stdout } = await top.ended;
    expect(stdout.indexOf(ENTERS)).toBeLessThan(stdout.lastIndexOf(LEAVES));
  });

  it('says what to use where there is no terminal', async () => {
    const { code, stderr } = await attempt(resipVpn('top', '--state-dir', client.stateDir));
    expect(code).toBe(2);
    expect(stderr).toContain('status --json');
  });
});

describe.skipIf(!existsSync(CHROMIUM))('the dashboard', () => {
  let browser: Browser;
  const browsers: Browser[] = [];
  const complaints: string[] = [];

  async function launch(namespace: Namespace): Promise<Browser> {
    const wrapper = join(lab.directory, `chromium-${namespace.name}`);
    writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${namespace.name} ${CHROMIUM} "$@"\n`);
    chmodSync(wrapper, 0o755);
    // Root has no sandbox.
    const launched = await chromium.launch({
      executablePath: wrapper,
      args: ['--no-sandbox', '--disable-gpu'],
    });
    browsers.push(launched);
    return launched;
  }

  /** The page of a daemon in a browser of its namespace; whatever the browser complains about is remembered. */
  async function open(daemon: Daemon, options: Parameters<Browser['newPage']>[0]): Promise<Page> {
    const page = await browser.newPage(options);
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    page.on('response', (response) => {
      if (!response.ok()) complaints.push(`${response.status()} ${response.url()}`);
    });
    const url = (await attempt(resipVpn('dashboard', '--state-dir', daemon.stateDir))).stdout.trim();
    await page.goto(url);
    await page.locator('.card').nth(1).waitFor();
    return page;
  }

  afterAll(() => Promise.all(browsers.map((launched) => launched.close())));

  it.each([
    ['client', 'light'],
    ['server', 'dark'],
  ] as const)('of a %s tells a dead path from a living one (%s)', async (role, colorScheme) => {
    const daemon = role === 'client' ? client : server;
    browser = await launch(daemon.namespace);
    const page = await open(daemon, { colorScheme, viewport: { width: 1280, height: 900 } });
    const states = () => page.locator('.card .state').allTextContents();
    await waitFor('a path down', async () => (await states()).some((text) => text.startsWith('down')));
    expect((await states()).some((text) => /^(up|suspect)/.test(text))).toBe(true);
    expect(await page.locator('.chart canvas').count()).toBe(role === 'client' ? 5 : 6);
    await page.screenshot({ path: join(ARTEFACTS, `dashboard-${role}-${colorScheme}.png`), fullPage: true });
    await page.setViewportSize({ width: 390, height: 844 });
    const isCut = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    await waitFor('the page to fit a phone', async () => !(await page.evaluate(isCut)));
    await page.screenshot({ path: join(ARTEFACTS, `dashboard-${role}-phone.png`), fullPage: true });
    expect(complaints).toEqual([]);
  });

  it('is live', async () => {
    const page = browser.contexts().at(-1)?.pages()[0];
    const received = () => page?.locator('.card dd').nth(7).textContent();
    const before = await received();
    await waitFor('the figures to change', async () => (await received()) !== before);
  });
});

if (!existsSync(CHROMIUM))
  console.log(`${CHROMIUM} (package chromium) is missing: no dashboard is looked at`);
