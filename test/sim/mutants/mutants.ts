/**
 * Faults that the simulator has to find: small changes to the core as a tired programmer makes them. `find` stands exactly once
 * in its file, so that a mutant that no longer fits is noticed and not taken for one that was caught.
 */
export interface Edit {
  /** Below `src/proto`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Arguments of the run that has to find it. */
  readonly run: readonly string[];
}

const scenario = (name: string) => ['--scenario', name];
const seeds = (first: number, count: number) => ['--seed', String(first), '--runs', String(count)];

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the window takes its highest number twice',
    edits: [
      {
        file: 'session/replay-window.ts',
        find: 'if (packetNumber > this.highest) return WindowVerdict.NEW;',
        replace: 'if (packetNumber >= this.highest) return WindowVerdict.NEW;',
      },
    ],
    run: scenario('nat-reboots'),
  },
  {
    name: 'duplicates are thrown away after delivery',
    edits: [
      {
        file: 'inbound.ts',
        find: 'if (!session.window.mark(batch.packetNumber[row])) {\n      this.countDuplicate(association, batch, row, now);\n      return;',
        replace:
          'if (!session.window.mark(batch.packetNumber[row])) {\n      this.countDuplicate(association, batch, row, now);',
      },
      { file: 'inbound.ts', find: 'case WindowVerdict.DUPLICATE:', replace: 'case 99 as never:' },
    ],
    run: scenario('nat-reboots'),
  },
  {
    name: 'packet numbers start anew after 1,024',
    edits: [
      {
        file: 'session/session.ts',
        find: 'batch.packetNumber[row] = this.nextPacketNumber++;',
        replace: 'batch.packetNumber[row] = this.nextPacketNumber++ % 1024;',
      },
    ],
    run: scenario('nat-reboots'),
  },
  {
    name: 'ephemeral keys come from a worn-out generator: the same session keys after a restart',
    edits: [
      {
        file: 'session/noise.ts',
        find: 'random(KEY_BYTES)',
        replace: 'random(KEY_BYTES).fill(7)',
      },
    ],
    run: scenario('server-restart'),
  },
  {
    name: 'a key slot changes hands before it is drained',
    edits: [
      { file: 'session/session-table.ts', find: ' || !this.isDrained()) return;', replace: ') return;' },
    ],
    run: scenario('probe and close in one batch'),
  },
  {
    name: 'the hold queue has no end',
    edits: [
      {
        file: 'association/hold-queue.ts',
        find: 'while (this.count > this.limits.packets || this.bytes > this.limits.bytes) {',
        replace: 'while (this.count > 1e9) {',
      },
    ],
    run: scenario('full-hold-queue'),
  },
  {
    name: 'held packets never grow old',
    edits: [{ file: 'association/hold-queue.ts', find: 'ageMs: 10_000 }', replace: 'ageMs: 100_000 }' }],
    run: scenario('full-hold-queue'),
  },
  {
    name: 'a path is alive by a datagram that is not authentic',
    edits: [
      {
        file: 'inbound.ts',
        find: "this.context.rejects.add('forged');",
        replace:
          "this.context.rejects.add('forged');\n          for (const path of this.context.sessions.atSlot(batch.keySlot[row])?.association.paths ?? []) path?.handleHeard(now);",
      },
    ],
    run: scenario('hostile-path'),
  },
  {
    name: 'a path that is down follows any authentic datagram, also on the client',
    edits: [
      {
        file: 'command/path-commands.ts',
        find: 'if (this.context.isServer && !isUsable(named.state) && this.context.outbox.batch.count === 0) {',
        replace: 'if (true) {',
      },
    ],
    run: [...scenario('forged source of a probe'), ...seeds(1, 20)],
  },
  {
    name: 'an unvalidated address is probed for ever',
    edits: [
      {
        file: 'path/probe-schedule.ts',
        find: 'const PROBES_PER_DATAGRAM = 1;',
        replace: 'const PROBES_PER_DATAGRAM = 1e9;',
      },
    ],
    run: [...scenario('forged source of a probe'), ...seeds(1, 20)],
  },
  {
    name: 'a handshake is due although there is nowhere to send it',
    edits: [
      {
        file: 'client-session.ts',
        find: 'const canBegin = !this.handshake.isRunning && this.targets().length > 0;',
        replace: 'const canBegin = !this.handshake.isRunning;',
      },
    ],
    run: scenario('no interface left'),
  },
  {
    name: 'the source address of a client is not looked at',
    edits: [
      {
        file: 'server-routes.ts',
        find: 'if ((ipv4Source(bytes, at) | 0) !== from.address4 || from.address4 === 0) return spoofed(from);',
        replace: 'ipv4Source(bytes, at);',
      },
    ],
    run: scenario('hostile-path'),
  },
  {
    name: 'pieces are put together in the wrong place',
    edits: [
      {
        file: 'receive/reassembly.ts',
        find: 'this.packetLength += store.copy(slot, this.packet, this.packetLength);',
        replace: 'this.packetLength += store.copy(slot, this.packet, 0);',
      },
    ],
    run: seeds(1, 20),
  },
  {
    name: 'nothing waits for its turn',
    edits: [
      {
        file: 'receive/reorder.ts',
        find: 'this.begin(lane, number + 1);\n      return true;\n    }\n    return false;',
        replace:
          'this.begin(lane, number + 1);\n      return true;\n    }\n    this.next[lane] = number + 1;\n    return true;',
      },
    ],
    run: scenario('bond-of-unequals'),
  },
  {
    name: 'what waits for its turn goes in any order',
    edits: [
      {
        file: 'receive/reorder.ts',
        find: 'if (!isGivenUp && ((number - this.next[lane]) | 0) > 0) {',
        replace: 'if (!isGivenUp && ((number - this.next[lane]) | 0) > 1) {',
      },
    ],
    run: scenario('bond-of-unequals'),
  },
  {
    name: 'a gap is never given up',
    edits: [
      {
        file: 'receive/reorder.ts',
        find: 'if (now - this.sinceMs[lane] >= this.waitMs || !this.isSplit(lane)) return true;',
        replace: 'if (!this.isSplit(lane)) return true;',
      },
    ],
    run: scenario('bond-of-unequals'),
  },
  {
    name: 'the private key stands in the snapshot',
    edits: [
      {
        file: 'server-core.ts',
        find: 'publicKey: base64(this.responder.publicKey),',
        replace: "publicKey: base64(this.responder['keys'].privateKey),",
      },
    ],
    run: scenario('nat-reboots'),
  },
  {
    name: 'one path carries everything',
    edits: [
      {
        file: 'policy/redundant.ts',
        find: 'mask |= 1 << id;',
        replace: 'mask ||= 1 << id;',
      },
    ],
    run: scenario('two-lossy-links'),
  },
  {
    name: 'the answer to a handshake is believed from any address',
    edits: [
      {
        file: 'client-session.ts',
        find: 'const words = this.endpoints.handleAnswered(batch.trainAddress, train * ADDRESS_WORDS);',
        replace:
          'const words = batch.trainAddress.slice(train * ADDRESS_WORDS, (train + 1) * ADDRESS_WORDS).fill(0, 5);',
      },
    ],
    run: [...scenario('forged source of a probe'), ...seeds(1, 20)],
  },
  {
    name: 'a lease is used only by handshakes',
    edits: [
      {
        file: 'server-clients.ts',
        find: 'if (client.association?.current) this.leases.touch(client.publicKey, now);',
        replace: 'this.leases.leaseOf(client.publicKey);',
      },
    ],
    run: scenario('lease in use'),
  },
  {
    name: 'the questions asked in a doubt outlive it',
    edits: [
      {
        file: 'path/path.ts',
        find: "if (this.state === 'suspect') this.probes.clear();",
        replace: '',
      },
    ],
    run: [...scenario('doubt that feeds itself'), ...seeds(1, 8)],
  },
  {
    name: 'pieces from before a restart are put together with later ones',
    edits: [
      {
        file: 'receive/piece-store.ts',
        find: ' && this.origin[slot] === origin',
        replace: '',
      },
    ],
    run: scenario('pieces of two lives'),
  },
  {
    name: 'what a stream has sent counts as acknowledged',
    edits: [
      {
        file: 'stream/send-half.ts',
        find: 'this.base = Math.min(underWay, lost);',
        replace: 'this.base = Math.max(Math.min(underWay, lost), this.fresh);',
      },
    ],
    run: scenario('lossy-streams'),
  },
  {
    name: 'what a stream has lost is not sent again',
    edits: [
      {
        file: 'stream/send-half.ts',
        find: 'this.lost.add(transmission.first, transmission.end);',
        replace: '',
      },
    ],
    run: scenario('lossy-streams'),
  },
  {
    name: 'a stop that was lost is not sent again',
    edits: [
      {
        file: 'stream/send-half.ts',
        find: 'this.lost.add(transmission.first, transmission.end);',
        replace: 'if (transmission.first !== this.stop) this.lost.add(transmission.first, transmission.end);',
      },
    ],
    run: scenario('lossy-streams'),
  },
  {
    name: 'a stream sends beyond the limit that its peer has told',
    edits: [
      {
        file: 'stream/send-half.ts',
        find: 'return Math.min(this.written, this.limit);',
        replace: 'return this.written;',
      },
    ],
    run: scenario('lossy-streams'),
  },
  {
    name: 'a peer that took nothing is never asked again',
    edits: [
      {
        file: 'stream/data-sender.ts',
        find: 'else if (now >= this.blockedMs) this.probeBlocked(now);',
        replace: '',
      },
    ],
    // The limit itself has to get lost: in one world of two it does.
    run: [...scenario('lossy-streams'), ...seeds(1, 8)],
  },
  {
    name: 'a stream hands on what came behind a hole',
    edits: [
      {
        file: 'stream/receive-half.ts',
        find: 'return this.arrived.size > 0 && this.arrived.start(0) === 0 ? this.arrived.end(0) : 0;',
        replace: 'return this.arrived.size > 0 ? this.arrived.end(this.arrived.size - 1) : 0;',
      },
    ],
    run: scenario('lossy-streams'),
  },
  {
    name: 'a termination is said once',
    edits: [
      {
        file: 'stream/farewells.ts',
        find: 'farewell.dueMs = now + Math.max(farewell.repeatMs, 2 * rttMs);',
        replace: 'farewell.dueMs = Number.POSITIVE_INFINITY;',
      },
    ],
    run: scenario('lossy-streams'),
  },
  {
    name: 'what was under way when the last path went is waited for',
    edits: [
      {
        file: 'stream/ways.ts',
        find: 'for (let each = way.first; each !== null; each = way.first) lose(each);',
        replace: '',
      },
    ],
    run: scenario('three-days-of-streams'),
  },
  {
    name: 'loss that a full queue explains calls for copies',
    edits: [
      {
        file: 'path/outflow.ts',
        find: 'if (this.load.explainsLoss || !isJudged)',
        replace: 'if (!isJudged)',
      },
    ],
    run: scenario('auto-hiccup'),
  },
  {
    name: 'copies that make a path lose are never done without',
    edits: [
      {
        file: 'policy/unrest.ts',
        find: 'const FIRST_TRIAL_MS = 10_000;',
        replace: 'const FIRST_TRIAL_MS = Number.POSITIVE_INFINITY;',
      },
    ],
    run: scenario('auto-hiccup'),
  },
  {
    name: 'a budget limits nothing that is under way',
    edits: [
      {
        file: 'path/allowance.ts',
        find: 'if (this.takenBytes + bytes > this.limitBytes) return false;',
        replace: '',
      },
    ],
    run: [...scenario('used-up-budget'), ...seeds(1, 6)],
  },
  {
    name: 'a path that is used up is up as soon as something answers',
    edits: [{ file: 'path/path.ts', find: " || (state === 'up' && this.isExhausted)", replace: '' }],
    run: scenario('late answer over a path that is used up'),
  },
];
