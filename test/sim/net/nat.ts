/**
 * A network address translator after RFC 4787: mapping and filtering behaviours (§4.1, §5), time-outs (§4.3), and what real
 * ones do beyond it: they forget, rebind and reboot.
 */
import type { EventQueue } from '../clock.ts';
import type { Random } from '../random.ts';
import { type Address, hostOf, portOf, withPort } from './address.ts';

/** What of the remote address counts: nothing (§4.1 REQ-1), the host, or host and port. */
export type NatBehaviour = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent';

export interface NatSettings {
  readonly mapping: NatBehaviour;
  readonly filtering: NatBehaviour;
  /** REQ-5: not below 2 minutes, 5 recommended; carrier-grade ones are seen with 30 s. */
  readonly timeoutMs: number;
  /** REQ-6: outbound packets refresh a mapping; inbound ones may. */
  readonly inboundRefreshes: boolean;
}

interface Mapping {
  readonly inside: Address;
  readonly outside: Address;
  usedMs: number;
  /** Whom the inside has spoken to, as far as filtering looks. */
  readonly allowed: Set<number>;
}

const FIRST_PORT = 20_000;
const PORT_COUNT = 40_000;

export class Nat {
  private byInside = new Map<string, Mapping>();
  private byOutside = new Map<Address, Mapping>();
  private nextPort: number;
  private bootsUntilMs = 0;

  constructor(
    private readonly queue: EventQueue,
    private readonly random: Random,
    readonly settings: NatSettings,
    /** External address; its port means nothing. */
    public external: Address,
  ) {
    this.nextPort = random.between(0, PORT_COUNT - 1);
  }

  get isUp(): boolean {
    return this.queue.nowMs >= this.bootsUntilMs;
  }

  /** The source address that `inside` has for `to`; null = the NAT is down. */
  outbound(inside: Address, to: Address): Address | null {
    if (!this.isUp) return null;
    const key = `${inside}>${discern(this.settings.mapping, to)}`;
    let mapping = this.byInside.get(key);
    if (mapping === undefined || this.isOver(mapping)) {
      if (mapping !== undefined) this.byOutside.delete(mapping.outside);
      mapping = this.map(key, inside);
    }
    mapping.usedMs = this.queue.nowMs;
    mapping.allowed.add(discern(this.settings.filtering, to));
    return mapping.outside;
  }

  /** The inside address that `outside` stands for, if `from` may speak to it; else null. */
  inbound(from: Address, outside: Address): Address | null {
    const mapping = this.byOutside.get(outside);
    if (!this.isUp || mapping === undefined || this.isOver(mapping)) return null;
    if (!mapping.allowed.has(discern(this.settings.filtering, from))) return null;
    if (this.settings.inboundRefreshes) mapping.usedMs = this.queue.nowMs;
    return mapping.inside;
  }

  /** All mappings are gone; the next outbound packets get new ports. */
  forget(): void {
    this.byInside = new Map();
    this.byOutside = new Map();
    this.nextPort += this.random.between(1, 1_000);
  }

  /** Down for a while, then with nothing in its tables and perhaps another address. */
  reboot(downMs: number, external: Address): void {
    this.forget();
    this.external = external;
    this.bootsUntilMs = this.queue.nowMs + downMs;
  }

  private isOver(mapping: Mapping): boolean {
    return this.queue.nowMs - mapping.usedMs >= this.settings.timeoutMs;
  }

  private map(key: string, inside: Address): Mapping {
    const outside = withPort(this.external, FIRST_PORT + (this.nextPort++ % PORT_COUNT));
    const mapping = { inside, outside, usedMs: this.queue.nowMs, allowed: new Set<number>() };
    this.byInside.set(key, mapping);
    this.byOutside.set(outside, mapping);
    return mapping;
  }
}

/** The part of an address that a behaviour looks at, as one number. */
function discern(behaviour: NatBehaviour, address: Address): number {
  switch (behaviour) {
    case 'endpoint-independent':
      return 0;
    case 'address-dependent':
      return hostOf(address);
    case 'address-and-port-dependent':
      return hostOf(address) * 65_536 + portOf(address);
  }
}
