/** What the orchestrator and a generator process say to each other: one JSON line each way, one command at a time. */

export type Command =
  /** Makes the clients `from` to `to` (exclusive), without a datagram: it takes this process longer than connecting. */
  | { readonly kind: 'make'; readonly from: number; readonly to: number }
  /** Brings up the next `count` of them, `inFlight` handshakes at once. */
  | { readonly kind: 'connect'; readonly count: number; readonly inFlight: number }
  /** `count` connected clients lose their sessions and come back; `perSecond` 0 = all at once. */
  | { readonly kind: 'reconnect'; readonly count: number; readonly perSecond: number }
  /** All clients send packets of `bytes` to the server's own address, as fast as they get through. */
  | { readonly kind: 'flood'; readonly seconds: number; readonly bytes: number }
  /** Neighbours (0 and 1, 2 and 3, …) send to each other, each client `perSecond` packets. */
  | { readonly kind: 'exchange'; readonly seconds: number; readonly perSecond: number };

export interface ConnectResult {
  readonly wanted: number;
  readonly seconds: number;
  /** From the first datagram to session and address, milliseconds, of each that got there. */
  readonly tookMs: readonly number[];
}

export interface FloodResult {
  readonly sentPackets: number;
  readonly deliveredPackets: number;
  readonly seconds: number;
}

export interface ExchangeResult {
  readonly sentPackets: number;
  readonly deliveredPackets: number;
  /** One way, client to server to client, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The longest that this process itself did not come to look. */
  readonly pausedMs: number;
}

export interface Results {
  readonly make: null;
  readonly connect: ConnectResult;
  readonly reconnect: ConnectResult;
  readonly flood: FloodResult;
  readonly exchange: ExchangeResult;
}

export interface GeneratorOptions {
  readonly seed: string;
  /** Base64. */
  readonly serverPublicKey: string;
  readonly networkKey: string;
  readonly endpoint: { readonly address: string; readonly port: number };
  /** The server's process, and its TUN device: where arrivals are counted. */
  readonly serverPid: number;
  readonly serverTun: string;
  /** Inner address of the server. */
  readonly serverAddress: string;
}
