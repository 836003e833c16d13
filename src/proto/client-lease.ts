/** The client's address in the tunnel: asked for in each session until the server answers. */
import type { Association } from './association/association.ts';
import type { CommandSender } from './command/command-sender.ts';
import type { CoreEvent } from './events.ts';
import type { Session } from './session/session.ts';
import type { Assignment } from './snapshot.ts';
import {
  ADDRESS_REQUEST_MAX_BYTES,
  type AddressAnswer,
  readAddressAnswer,
  writeAddressRequest,
} from './wire/address-message.ts';
import { formatIpv4, formatIpv6 } from './wire/ip-text.ts';

/** An unanswered request is repeated after this. */
const REPEAT_MS = 500;

export class ClientLease {
  /** What the server gave last. */
  assignment: Assignment | null = null;
  /** When the server has to be asked; Infinity = it has answered. */
  dueMs = Number.POSITIVE_INFINITY;

  constructor(
    private readonly association: Association,
    private readonly commands: CommandSender,
    private readonly events: CoreEvent[],
    /** Static address, uint32; 0 = the server chooses. */
    private readonly wantedAddress: number,
    /** A server that said no may think otherwise after this. */
    private readonly refusedPauseMs: number,
  ) {}

  request(session: Session, now: number): void {
    const body = new Uint8Array(ADDRESS_REQUEST_MAX_BYTES);
    const request = { wanted: this.wantedAddress, former: this.association.address4 >>> 0 };
    this.commands.toAllPaths(session, body.subarray(0, writeAddressRequest(body, 0, request)));
    this.dueMs = now + REPEAT_MS;
  }

  /** False = malformed. */
  handleAnswer(body: Uint8Array, now: number): boolean {
    const answer = readAddressAnswer(body, 0, body.length);
    if (answer === null) return false;
    if (answer.kind === 'refused') {
      this.dueMs = now + this.refusedPauseMs;
      this.events.push({ kind: 'refused', code: answer.code, text: answer.text, during: 'address' });
      return true;
    }
    this.dueMs = Number.POSITIVE_INFINITY;
    const assignment = toAssignment(answer);
    const isNews = JSON.stringify(assignment) !== JSON.stringify(this.assignment);
    this.assignment = assignment;
    this.association.address4 = answer.address | 0;
    this.association.isStatic = this.wantedAddress !== 0;
    if (isNews) this.events.push({ kind: 'assigned', assignment });
    return true;
  }
}

function toAssignment(answer: AddressAnswer): Assignment {
  const dns = [
    ...answer.dns.map((address) => formatIpv4(address)),
    ...answer.dns6.map((bytes) => formatIpv6(bytes)),
  ];
  return {
    address: formatIpv4(answer.address),
    prefixLength: answer.prefixLength,
    serverAddress: formatIpv4(answer.serverAddress),
    mtuBytes: answer.mtuBytes,
    ...(answer.address6 === null
      ? {}
      : { address6: formatIpv6(answer.address6), prefixLength6: answer.prefixLength6 }),
    dns,
    leaseSeconds: answer.leaseSeconds,
  };
}
