/** Over a real socket: what a service manager would hear. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { type ServiceEnvironment, ServiceManager } from '../../src/daemon/service-manager.ts';
import { loadAddon } from '../../src/native/addon.ts';
import { surroundings } from '../daemon/fakes.ts';
import { eventually } from '../eventually.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

/** Node.js has no datagrams over Unix sockets; Python, which building the addon needs anyway, has. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1))
print('listening', flush=True)
while True:
    print(repr(s.recv(4096).decode()), flush=True)
`;

const ends: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function listen(address: string): Promise<() => string[]> {
  const child = spawn('python3', ['-c', LISTENER, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => child.kill());
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  await eventually(() => expect(text).toContain('listening'));
  return () => text.split('\n').slice(1, -1);
}

function manager(env: ServiceEnvironment) {
  const { life, log } = surroundings();
  ends.push(() => life.end());
  return { life, service: new ServiceManager(env, loadAddon().notifyService, log) };
}

test.each(['path', '@name'])('ready, status, reload and end, over a %s', async (kind) => {
  const address = kind === 'path' ? join(temporaryDir(), 'notify') : `@resip-test-${process.pid}`;
  const heard = await listen(address);
  const { service } = manager({ NOTIFY_SOCKET: address });
  service.status('looking');
  // Nobody hears of a reload before the start is over: its last word would end that.
  await service.reloading(async () => {});
  service.ready('connected\nas 10.77.0.2');
  service.ready('connected as 10.77.0.2');
  service.status('connected as 10.77.0.2');
  await service.reloading(async () => {});
  await service.reloading(() => Promise.reject(new Error('a bad file'))).catch(() => {});
  service.stopping();
  await eventually(() =>
    expect(heard()).toEqual([
      "'STATUS=looking'",
      "'READY=1\\nSTATUS=connected as 10.77.0.2'",
      "'STATUS=connected as 10.77.0.2'",
      "'RELOADING=1'",
      "'READY=1'",
      "'RELOADING=1'",
      "'READY=1'",
      "'STOPPING=1'",
    ]),
  );
});

test('signs of life go out while the engine answers, and no longer', async () => {
  const address = join(temporaryDir(), 'notify');
  const heard = await listen(address);
  const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '40000' };
  const { life, service } = manager(env);
  let isAlive = true;
  const ask = vi.fn(() => (isAlive ? Promise.resolve() : Promise.reject(new Error('silence'))));
  service.watch(ask, life);
  await eventually(() => expect(heard().length).toBeGreaterThan(3));
  isAlive = false;
  const asked = ask.mock.calls.length;
  await eventually(() => expect(ask.mock.calls.length).toBeGreaterThan(asked + 10));
  // Whatever was sent before it is there when this is.
  service.stopping();
  await eventually(() => expect(heard().at(-1)).toBe("'STOPPING=1'"));
  const signs = heard().slice(0, -1);
  expect(signs.length).toBeLessThanOrEqual(asked);
  expect(new Set(signs)).toEqual(new Set(["'WATCHDOG=1'"]));

  const others = manager({ ...env, WATCHDOG_PID: '1' });
  const unasked = vi.fn(() => Promise.resolve());
  others.service.watch(unasked, others.life);
  expect(unasked).not.toHaveBeenCalled();
});

test('a client without links counts as started in the end, and says so', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { life, log } = surroundings();
    const said: string[] = [];
    const service = new ServiceManager({ NOTIFY_SOCKET: '/x' }, (_, text) => void said.push(text), log);
    service.readyInTheEnd('no link', life);
    expect(said).toEqual([]);
    vi.advanceTimersByTime(30_000);
    expect(said).toEqual(['READY=1\nSTATUS=no link']);
    service.ready('connected');
    expect(said[1]).toBe('STATUS=connected');
  } finally {
    vi.useRealTimers();
  }
});

test('started by hand, nobody is told; a manager that is gone stops nothing', () => {
  const send = vi.fn();
  const { life, log } = surroundings();
  const byHand = new ServiceManager({}, send, log);
  byHand.ready('x');
  byHand.watch(send, life);
  expect(send).not.toHaveBeenCalled();
  const { service } = manager({ NOTIFY_SOCKET: '/nonexistent/notify' });
  expect(() => service.ready('x')).not.toThrow();
});
