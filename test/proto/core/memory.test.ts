/** What an idle client costs a server: ten thousand of them are a normal day, and what creeps in here all of them pay for. */
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Association } from '../../../src/proto/association/association.ts';
import { ADDRESS_WORDS } from '../../../src/proto/packet-batch.ts';
import type { Path } from '../../../src/proto/path/path.ts';
import { Suite } from '../../../src/proto/ports.ts';
import { Stage } from './stage.ts';

const CLIENTS = 500;
const PATHS = 2;
const QUESTIONS = 20;
/** Above what it is, below what it was with tables for order and streams. */
const LIMIT_BYTES = 12 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  for (let i = 0; i < 3; i++) collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Asked and answered, as a path that came up. */
function wear(path: Path): void {
  for (let i = 1; i <= QUESTIONS; i++) {
    const sentMs = 10 * i;
    const answeredMs = sentMs + 5.25;
    path.handleProbeSent(i, i, 0, sentMs, true);
    path.inflow.count(100);
    path.inflow.handleReport(i, 1_000 * i, answeredMs);
    path.handleAnswer(i, i, answeredMs);
    path.handleReport(i, i, answeredMs);
  }
}

it('is less than 12 KiB for a client with two paths and nothing to say', async () => {
  const stage = await Stage.create({ server: { maxClients: CLIENTS } });
  const context = stage.server['context'];
  const connect = (slot: number): Association => {
    const association = new Association(context, slot, randomBytes(32), `client-${slot}`);
    const [sealKey, openKey] = [randomBytes(32), randomBytes(32)];
    const [sealIv, openIv] = [randomBytes(12), randomBytes(12)];
    const keys = { sealKey, sealIv, openKey, openIv };
    const session = context.sessions.create(association, slot + 1, 1, Suite.AES_256_GCM, keys, 0);
    if (session === null) throw new Error('the table is full');
    association.adopt(session, 0);
    for (let number = 0; number < PATHS * QUESTIONS; number++) session.window.mark(number);
    for (let id = 0; id < PATHS; id++)
      wear(association.openPath(id, 0, new Int32Array(ADDRESS_WORDS), 0, 1_500, '', 0));
    association.choosePaths(10 * QUESTIONS);
    return association;
  };
  connect(0);
  const before = heldBytes();
  const crowd = Array.from({ length: CLIENTS - 1 }, (_, i) => connect(i + 1));
  const bytesEach = (heldBytes() - before) / crowd.length;
  stage.close();
  expect(crowd.every(({ steering }) => steering.mask === 0b11)).toBe(true);
  expect(bytesEach).toBeLessThan(LIMIT_BYTES);
});
