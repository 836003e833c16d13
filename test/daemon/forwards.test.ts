import { expect, test } from 'vitest';
import { parseForward } from '../../src/config/forward-spec.ts';
import { Forwards } from '../../src/daemon/forwards.ts';
import { Persist } from '../../src/daemon/persist.ts';
import type { EngineCommand, EngineEvent, Forward } from '../../src/engine/messages.ts';
import { FakeLog } from './fakes.ts';

type ForwardEvent = Extract<EngineEvent, { kind: 'forward' }>;

/** The engine answers as `answers` says, by id; a local forward listens unless it does. */
function setUp(answers: Record<string, Partial<ForwardEvent>> = {}) {
  const commands: EngineCommand[] = [];
  const log = new FakeLog([]);
  const engine = {
    post: (command: EngineCommand) => {
      commands.push(command);
      if (command.kind !== 'forward-add') return;
      const { id, direction, bindPort } = command.forward;
      if (direction === 'local' || id in answers) tell(id, { port: bindPort, ...answers[id] });
    },
  };
  const tell = (id: string, more: Partial<ForwardEvent>) =>
    forwards.handle({ kind: 'forward', id, state: 'listening', message: '', code: '', port: 0, ...more });
  const forwards = new Forwards(engine, log);
  const done = () =>
    commands.map((command) => {
      if (command.kind === 'forward-add') return `+ ${command.forward.id}`;
      return command.kind === 'forward-remove' ? `- ${command.id}` : command.kind;
    });
  return { forwards, done, tell, log };
}

const local = (text: string) => parseForward(text) as Forward;
const remote = (text: string) => parseForward(text, 'remote') as Forward;
const A = local('1:a:1');
const B = local('2:b:2');

test('a reload takes away and adds what changed, and leaves the rest alone', async () => {
  const { forwards, done } = setUp();
  await forwards.configure([A, B]);
  await forwards.add(local('3:c:3'));
  await forwards.configure([B, remote('4:d:4')]);
  expect(done()).toEqual(['+ -L 1:a:1', '+ -L 2:b:2', '+ -L 3:c:3', '- -L 1:a:1', '+ -R 4:d:4']);
  expect(forwards.list.map(({ id, state }) => `${id} ${state}`)).toEqual([
    '-L 2:b:2 listening',
    '-L 3:c:3 listening',
    '-R 4:d:4 waiting',
  ]);
});

test('a port that is taken is told, the others are there, and it can be tried again', async () => {
  const { forwards } = setUp({ [A.id]: { state: 'failed', message: 'EADDRINUSE' } });
  await expect(forwards.configure([A, B])).rejects.toThrow('cannot forward -L 1:a:1: EADDRINUSE');
  expect(forwards.list.map(({ id }) => id)).toEqual([B.id]);
  await expect(forwards.add(A)).rejects.toThrow('EADDRINUSE');
});

test('what the server says of a remote one is known, and said once', async () => {
  const { forwards, tell, log } = setUp();
  const { id } = await forwards.add(remote('4:d:4'));
  const refused = { state: 'refused', message: 'not allowed' } as const;
  tell(id, refused);
  tell(id, refused);
  expect(forwards.list[0]).toMatchObject({ ...refused, listeningPort: 0 });
  expect(log.of('forward-refused')).toHaveLength(1);
  tell(id, { port: 4 });
  expect(forwards.list[0]).toMatchObject({ state: 'listening', message: '', listeningPort: 4 });
  forwards.remove(id);
  tell(id, { port: 4 });
  expect(forwards.list).toEqual([]);
});

test('whoever adds a remote one hears the answer, or that there is none yet', async () => {
  const { forwards } = setUp({ '-R 5:e:5': { state: 'refused', message: 'in use' } });
  expect(await forwards.add(remote('5:e:5'), 10_000)).toMatchObject({ state: 'refused', message: 'in use' });
  expect(await forwards.add(remote('4:d:4'), 1)).toMatchObject({ state: 'waiting' });
});

test('connections that persist are listened for once, and diverted as the configuration says', async () => {
  const commands: EngineCommand[] = [];
  const diverted: unknown[] = [];
  const hold = { group: 7, marks: { onward: 1, answer: 100 } };
  const network = {
    persistHold: hold,
    persist: async (request: unknown) => {
      diverted.push(request);
    },
  };
  const persist = new Persist(
    'tun7',
    { post: (command) => commands.push(command) },
    network,
    new FakeLog([]),
  );
  const set = persist.set(['22']);
  persist.handle({
    kind: 'transparent',
    ports: { port4: 4_001, port6: 4_002 },
    isHolding: true,
    message: '',
  });
  await set;
  await persist.set(['22', '80-81']);
  await persist.set([]);
  expect(commands).toEqual([{ kind: 'transparent-listen', hold }]);
  const where = { tunName: 'tun7', port4: 4_001, port6: 4_002, isHolding: true };
  expect(diverted).toEqual([{ ...where, ports: ['22'] }, { ...where, ports: ['22', '80-81'] }, null]);
});

test('where first packets cannot be held, connections are taken as they come, and the log says why', async () => {
  const diverted: unknown[] = [];
  const log = new FakeLog([]);
  const network = {
    persistHold: { group: 7, marks: { onward: 1, answer: 100 } },
    persist: async (request: unknown) => {
      diverted.push(request);
    },
  };
  const persist = new Persist('tun7', { post: () => {} }, network, log);
  const set = persist.set(['22']);
  persist.handle({ kind: 'transparent', ports: { port4: 4_001 }, isHolding: false, message: 'EBUSY' });
  await set;
  expect(diverted).toEqual([{ tunName: 'tun7', ports: ['22'], port4: 4_001, isHolding: false }]);
  expect(log.of('persist-without-hold')).toMatchObject([{ fields: { message: 'EBUSY' } }]);
});

test('an engine that cannot take diverted connections is the user’s to hear', async () => {
  const network = { persistHold: { group: 7, marks: { onward: 1, answer: 100 } }, persist: async () => {} };
  const persist = new Persist('tun7', { post: () => {} }, network, new FakeLog([]));
  const set = persist.set(['22']);
  persist.handle({
    kind: 'transparent',
    ports: null,
    isHolding: false,
    message: 'EPERM: operation not permitted',
  });
  await expect(set).rejects.toThrow(/cannot be made to persist/);
});

test('one is called by where it listens, when that is enough', async () => {
  const { forwards } = setUp();
  const specs = ['80:a:1', '80/udp:a:1', '[::1]:80:a:1', '*:81:a:1'];
  await forwards.configure([...specs.map(local), remote('82:a:1')]);
  expect(forwards.find('80/udp', 'local')).toBe('-L 80/udp:a:1');
  expect(forwards.find('[::1]:80', 'local')).toBe('-L [::1]:80:a:1');
  expect(forwards.find('81', 'local')).toBe('-L *:81:a:1');
  expect(forwards.find('127.0.0.1:80/tcp', 'local')).toBe('-L 80:a:1');
  expect(forwards.find('127.0.0.1:80:a:1', 'local')).toBe('-L 80:a:1');
  expect(forwards.find('82', 'remote')).toBe('-R 82:a:1');
  expect(() => forwards.find('80', 'local')).toThrow('name one of -L 80:a:1, -L 80/udp:a:1, -L [::1]:80:a:1');
  expect(() => forwards.find('82', 'local')).toThrow('did you mean -R 82:a:1?');
  expect(() => forwards.find('83', 'local')).toThrow(/there is no forward -L 83\n.*forward list/s);
});
