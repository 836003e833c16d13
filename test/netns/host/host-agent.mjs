/**
 * The host side of one instance, inside a network namespace: takes `{id, call, args}` lines on stdin, answers with
 * `{id, result}` or `{id, error}` lines on stdout. Runs the built modules, as the product does.
 */
import { execFileSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ClientNetwork } from '../../../dist/host/client-network.js';
import { ServerNetwork } from '../../../dist/host/server-network.js';

const logged = [];
const record = (fields, event) => logged.push({ event, ...fields });
const log = { debug: record, info: record, warn: record };
const changes = [];
let network;

const calls = {
  async openClient(stateDir) {
    network = await ClientNetwork.open({ stateDir, log });
    return network.markBase;
  },
  async openServer(stateDir) {
    network = await ServerNetwork.open({ stateDir, log });
  },
  async watch(names) {
    await network.watchInterfaces(
      (name) => names.includes(name),
      (change) => changes.push(change),
    );
  },
  changes: () => changes.splice(0),
  logged: () => logged.splice(0),
  /** Deaf meanwhile: what the command does to the network overflows the notification socket. */
  runBlocking: (command, args) => execFileSync(command, args, { encoding: 'utf8' }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, call, args } = JSON.parse(line);
  const work = calls[call] ?? network[call].bind(network);
  void Promise.resolve()
    .then(() => work(...args))
    .then((result) => answer({ id, result: plain(result) }))
    .catch((error) => answer({ id, error: error.message }));
}

function answer(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function plain(result) {
  return result?.error ? { ...result, error: result.error.message } : result;
}
