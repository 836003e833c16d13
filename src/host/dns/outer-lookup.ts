/**
 * Asks for the server's name past the tunnel: over every interface at once, by sockets whose mark neither the routes
 * into the tunnel nor the kill switch stop. The system's own resolver cannot do that: its questions would wait for the
 * very tunnel that they are to find.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { decode, encode, type Packet } from 'dns-packet';
import { loadNative } from '../../native/native.ts';

const DNS_PORT = 53;
/** Who asks again is the caller. */
const TIMEOUT_MS = 3_000;
const TYPES = ['A', 'AAAA'] as const;
/** RFC 1035 §4.2.1: without extensions an answer has at most 512 bytes; more is not what was asked for. */
const MAX_ANSWER_BYTES = 512;

export interface OuterLookup {
  readonly host: string;
  readonly nameservers: readonly string[];
  readonly interfaceNames: readonly string[];
  /** SO_MARK of the sockets. */
  readonly mark: number;
  /** Default 53. */
  readonly port?: number;
}

/** The addresses that the first server to know any says, of both families. Throws when none does in time. */
export async function lookupOutside(query: OuterLookup): Promise<string[]> {
  const ends = query.interfaceNames.flatMap((name) => query.nameservers.map((server) => ({ name, server })));
  if (ends.length === 0) throw new Error('there is no DNS server to ask, or no interface to ask over');
  const questions = ends.map(({ name, server }) => new Question(query, name, server));
  try {
    return await Promise.any(questions.map((question) => question.answer));
  } catch {
    throw new Error(`no DNS server knows ${query.host}, or none answers`);
  } finally {
    for (const question of questions) question.close();
  }
}

/** Both types to one server over one interface. */
class Question {
  readonly answer: Promise<string[]>;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** By type: the question's random id, and what came back. */
  readonly #ids = TYPES.map(() => randomInt(0x10000));
  readonly #answers: (string[] | undefined)[] = TYPES.map(() => undefined);

  constructor(
    private readonly query: OuterLookup,
    interfaceName: string,
    private readonly server: string,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.#timer = setTimeout(() => this.#finish(resolve, reject), TIMEOUT_MS);
      try {
        this.#ask(interfaceName, resolve, reject);
      } catch (error) {
        reject(error as Error);
      }
    });
    // Others may have answered before this one fails.
    this.answer.catch(() => {});
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #ask(interfaceName: string, resolve: (found: string[]) => void, reject: (error: Error) => void): void {
    const { mark, port = DNS_PORT, host } = this.query;
    const isSix = isIPv6(this.server);
    const fd = loadNative().addon.udpDescriptor({ family: isSix ? 6 : 4, interfaceName, mark });
    const socket = createSocket(isSix ? 'udp6' : 'udp4');
    this.#socket = socket;
    socket.on('error', reject);
    socket.on('message', (message, from) => {
      if (from.address !== this.server || from.port !== port || message.length > MAX_ANSWER_BYTES) return;
      this.#take(message);
      if (this.#answers.every((found) => found !== undefined)) this.#finish(resolve, reject);
    });
    socket.bind({ fd }, () => {
      for (const [i, type] of TYPES.entries()) {
        const question = encode({
          type: 'query',
          id: this.#ids[i],
          flags: 0x0100,
          questions: [{ type, name: host }],
        });
        socket.send(question, port, this.server, (error) => error && reject(error));
      }
    });
  }

  /** Anybody can write to the socket: only what answers the question counts. */
  #take(message: Buffer): void {
    let packet: Packet;
    try {
      packet = decode(message);
    } catch {
      return;
    }
    const { id, type, questions = [], answers = [] } = packet;
    const [asked] = questions;
    const i = TYPES.findIndex((known, at) => asked?.type === known && this.#ids[at] === id);
    if (i < 0 || type !== 'response' || asked.name.toLowerCase() !== withoutDot(this.query.host)) return;
    this.#answers[i] = answers.flatMap((answer) => (answer.type === TYPES[i] ? [answer.data as string] : []));
  }

  #finish(resolve: (found: string[]) => void, reject: (error: Error) => void): void {
    const found = this.#answers.flatMap((answers) => answers ?? []);
    if (found.length > 0) resolve(found);
    else reject(new Error(`${this.server} does not say`));
  }
}

function withoutDot(host: string): string {
  return host.replace(/\.$/, '').toLowerCase();
}
