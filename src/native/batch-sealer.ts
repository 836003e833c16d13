/** Both protection layers of a datagram (PROTOCOL.md §2) over whole batches: header mask and session keys. */
import type { PacketBatch } from '../proto/packet-batch.ts';
import { type BatchSealer, Suite } from '../proto/ports.ts';
import type { Native } from './native.ts';

export interface NativeSealerOptions {
  /** 32 bytes: the AES-256 key of the header mask. */
  readonly maskKey: Uint8Array;
  /** Slots of the key table; a session takes one. About 100 bytes each. */
  readonly slots: number;
  /** False: OpenSSL alone, even where a faster library is installed. Default true. */
  readonly usesLibrary?: boolean;
}

export class NativeSealer implements BatchSealer {
  readonly suites: readonly Suite[];
  /** Handle of the header mask, for edges that unmask in the addon. */
  readonly mask: number;
  private readonly keys: number;

  /** Throws RangeError when the key is not 32 bytes or `slots` is not in 1 … 2^20. */
  constructor(
    private readonly native: Native,
    options: NativeSealerOptions,
  ) {
    const { addon } = native;
    // Without the CPU's instructions AES-GCM is slow and leaks through the cache.
    this.suites = addon.hasAes() ? [Suite.AES_256_GCM, Suite.CHACHA20_POLY1305] : [Suite.CHACHA20_POLY1305];
    this.mask = addon.maskCreate(options.maskKey);
    this.keys = addon.keyTableCreate(options.slots, options.usesLibrary);
  }

  installKey(
    slot: number,
    suite: Suite,
    sealKey: Uint8Array,
    sealIv: Uint8Array,
    openKey: Uint8Array,
    openIv: Uint8Array,
  ): void {
    this.native.addon.keyInstall(this.keys, slot, suite, sealKey, sealIv, openKey, openIv);
  }

  removeKey(slot: number): void {
    this.native.addon.keyRemove(this.keys, slot);
  }

  seal(batch: PacketBatch): void {
    this.native.addon.seal(this.keys, this.mask, this.native.batches.handle(batch), batch.count);
  }

  open(batch: PacketBatch): void {
    this.native.addon.open(this.keys, this.native.batches.handle(batch), batch.count);
  }

  /** Unmasks the rows from `from` on, in place, and fills their columns: for edges without a socket. */
  unmask(batch: PacketBatch, from: number): void {
    this.native.addon.unmask(this.mask, this.native.batches.handle(batch), from, batch.count);
  }

  /** Wipes all keys. The sealer is unusable afterwards. */
  close(): void {
    this.native.addon.keyTableDestroy(this.keys);
    this.native.addon.maskDestroy(this.mask);
  }
}
