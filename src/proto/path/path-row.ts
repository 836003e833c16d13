/**
 * A path's row in the table that the driver sends by: through which socket, to which address, and what was handed to the system
 * and refused by it.
 */
import {
  PATH_ADDRESS,
  PATH_ERRNO,
  PATH_FAILED,
  PATH_SENT,
  PATH_SENT_BYTES,
  PATH_SOCKET,
  PATH_WORDS,
} from '../packet-batch.ts';
import { addressFamily, copyAddress, sameRemote } from '../wire/address-words.ts';

/** Linux: larger than the interface takes; says nothing about the link. */
const EMSGSIZE = 90;
/** Outer IP and UDP headers, bytes. */
const OUTER_HEADERS = { 4: 28, 6: 48 } as const;

export class PathRow {
  private readonly at: number;

  /** `words`: the whole table. */
  constructor(
    readonly words: Int32Array,
    row: number,
  ) {
    this.at = row * PATH_WORDS;
  }

  get socket(): number {
    return this.words[this.at + PATH_SOCKET];
  }

  /** Index of the address words in `words`. */
  get addressAt(): number {
    return this.at + PATH_ADDRESS;
  }

  get family(): 4 | 6 {
    return addressFamily(this.words, this.addressAt) === 6 ? 6 : 4;
  }

  get outerHeaderBytes(): number {
    return OUTER_HEADERS[this.family];
  }

  /** uint32, wraps. */
  get sentDatagrams(): number {
    return this.words[this.at + PATH_SENT] >>> 0;
  }

  get sentBytes(): number {
    const at = this.at + PATH_SENT_BYTES;
    return (this.words[at] >>> 0) + (this.words[at + 1] >>> 0) * 2 ** 32;
  }

  /** With IP and UDP headers. */
  get sentOuterBytes(): number {
    return this.sentBytes + this.sentDatagrams * this.outerHeaderBytes;
  }

  get failedDatagrams(): number {
    return this.words[this.at + PATH_FAILED] >>> 0;
  }

  /** The system took a datagram for undeliverable: the link is going, or gone. */
  get wasRefused(): boolean {
    const errno = this.words[this.at + PATH_ERRNO];
    return errno !== 0 && errno !== EMSGSIZE;
  }

  /** The interface itself takes less than what was sent. */
  get wasTooBig(): boolean {
    return this.words[this.at + PATH_ERRNO] === EMSGSIZE;
  }

  forgetErrno(): void {
    this.words[this.at + PATH_ERRNO] = 0;
  }

  /** True when this row leads to `words` from `at`, seen through `socket`: the remote end, not the local one. */
  matches(socket: number, words: Int32Array, at: number): boolean {
    return this.socket === socket && sameRemote(this.words, this.addressAt, words, at);
  }

  /** Points it somewhere else; its counters go on. */
  setAddress(socket: number, words: Int32Array, at: number): void {
    this.words[this.at + PATH_SOCKET] = socket;
    copyAddress(words, at, this.words, this.addressAt);
  }

  /** Nothing is sent by it any more. */
  clear(): void {
    this.words.fill(0, this.at, this.at + PATH_WORDS);
    this.words[this.at + PATH_SOCKET] = -1;
  }
}
