/**
 * Joins a stream of the core with the datagrams of one flow (PROTOCOL.md §9): one local sender and one target. What finds no
 * room is dropped, as by a full socket; what was taken arrives, after an outage as well.
 */
import { DatagramReader, writeDatagram } from '../proto/stream/datagrams.ts';
import { News, type Stream } from '../proto/stream/stream.ts';
import { TerminateKind } from '../proto/wire/stream-commands.ts';
import type { PumpHost, StreamOwner } from './stream-owner.ts';

/** PROTOCOL.md §9: the end that listens ends a flow when nothing came or went for so long. */
const IDLE_MS = 120_000;

export interface FlowSocket {
  /** `done` in any case. */
  send(datagram: Uint8Array, done: () => void): void;
  /** The flow is over; called once. */
  close(): void;
}

export class DatagramPump implements StreamOwner {
  private readonly reader = new DatagramReader();
  private movedMs: number;
  private isSending = false;
  private isOver = false;
  /** This end has said its last word. */
  hasEnded = false;

  constructor(
    private readonly stream: Stream,
    private readonly socket: FlowSocket,
    private readonly host: PumpHost,
  ) {
    this.movedMs = host.nowMs;
  }

  /** The local side sent it. */
  handleDatagram(datagram: Uint8Array): void {
    this.movedMs = this.host.nowMs;
    writeDatagram(this.stream, datagram);
    this.host.drain();
  }

  handleNews(news: number): void {
    if (news & News.TERMINATED) this.close();
    else if (news & (News.READABLE | News.STARTED)) this.pull();
  }

  /** Of the end that listens; to be called now and then. */
  endIfIdle(): void {
    if (this.hasEnded || this.host.nowMs - this.movedMs < IDLE_MS || this.stream.sending.isWaiting) return;
    this.end();
  }

  /** The local side goes. */
  abort(): void {
    this.stream.terminate(TerminateKind.RESET);
    this.close();
    this.host.drain();
  }

  private end(): void {
    this.hasEnded = true;
    this.stream.end();
    this.host.drain();
  }

  private close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.socket.close();
  }

  /** One at a time: the others stay in the window. */
  private pull(): void {
    if (this.isSending || this.isOver) return;
    const datagram = this.reader.next(this.stream, this.host.nowMs);
    if (datagram === null) {
      if (this.stream.isEnded && !this.hasEnded) this.end();
      if (this.stream.isEnded || this.stream.phase === 'over') this.close();
      return;
    }
    this.movedMs = this.host.nowMs;
    this.isSending = true;
    this.socket.send(datagram, () => {
      this.isSending = false;
      this.pull();
      this.host.drain();
    });
  }
}
