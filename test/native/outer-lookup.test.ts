/** Over real sockets: a name server, and somebody beside it who answers as well. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { decode, encode, type Packet } from 'dns-packet';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lookupOutside } from '../../src/host/dns/outer-lookup.ts';

const HOST = 'vpn.test';
const TRUE_ADDRESS = '192.0.2.10';
const FALSE_ADDRESS = '198.51.100.66';

let server: Socket;
let stranger: Socket;
let port: number;

beforeEach(async () => {
  server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  stranger = createSocket('udp4').bind(port, '127.0.0.2');
  await once(stranger, 'listening');
});
afterEach(() => {
  server.close();
  stranger.close();
});

const ask = () =>
  lookupOutside({ host: HOST, nameservers: ['127.0.0.1'], interfaceNames: ['lo'], mark: 0, port });

function answerTo({ id, questions = [] }: Packet, data: string): Packet {
  const [{ type }] = questions;
  const answers = type === 'A' ? [{ type, name: HOST, ttl: 1, data } as const] : [];
  return { type: 'response', id, questions, answers };
}

/** What comes before the true answers to both questions; it would be taken for good, for nobody waits any longer then. */
function answerAfter(lie: (question: Packet) => { from?: Socket; bytes: Buffer }): void {
  const questions: Packet[] = [];
  server.on('message', async (message, asker) => {
    if (questions.push(decode(message)) < 2) return;
    for (const question of questions) {
      const { from = server, bytes } = lie(question);
      await new Promise((sent) => from.send(bytes, asker.port, asker.address, sent));
    }
    for (const question of questions)
      server.send(encode(answerTo(question, TRUE_ADDRESS)), asker.port, asker.address);
  });
}

const lies: Readonly<Record<string, (question: Packet) => { from?: Socket; bytes: Buffer }>> = {
  'from another address': (question) => ({
    from: stranger,
    bytes: encode(answerTo(question, FALSE_ADDRESS)),
  }),
  'to another question': (question) => ({
    bytes: encode({ ...answerTo(question, FALSE_ADDRESS), id: (question.id ?? 0) ^ 1 }),
  }),
  'about another name': (question) => ({
    bytes: encode({
      ...answerTo(question, FALSE_ADDRESS),
      questions: question.questions?.map((asked) => ({ ...asked, name: 'other.test' })),
    }),
  }),
  'that is a question': (question) => ({
    bytes: encode({ ...answerTo(question, FALSE_ADDRESS), type: 'query' }),
  }),
  'that is longer than any answer': (question) => ({
    bytes: Buffer.concat([encode(answerTo(question, FALSE_ADDRESS)), Buffer.alloc(512)]),
  }),
  'that is none': () => ({ bytes: Buffer.from('nonsense') }),
};

test.each(Object.keys(lies))('an answer %s does not count', async (kind) => {
  answerAfter(lies[kind]);
  expect(await ask()).toEqual([TRUE_ADDRESS]);
});

test('who has no interface or no server to ask hears so at once', async () => {
  const nobody = { host: HOST, nameservers: [], interfaceNames: ['lo'], mark: 0 };
  await expect(lookupOutside(nobody)).rejects.toThrow('there is no DNS server to ask');
});
