/**
 * The addon's handles of batches: registered on first use, released when the batch is garbage. The addon refers to the
 * buffers of a batch, never to the batch itself, so a batch that nobody needs can go.
 */
import type { PacketBatch } from '../proto/packet-batch.ts';
import type { Addon } from './addon.ts';

export class BatchRegistry {
  private readonly handles = new WeakMap<PacketBatch, number>();
  private readonly garbage: FinalizationRegistry<number>;

  constructor(private readonly addon: Addon) {
    this.garbage = new FinalizationRegistry((handle) => addon.releaseBatch(handle));
  }

  /** The handle that names `batch` in calls of this addon. */
  handle(batch: PacketBatch): number {
    return this.handles.get(batch) ?? this.register(batch);
  }

  private register(batch: PacketBatch): number {
    const handle = this.addon.registerBatch(
      batch.arena,
      batch.columns,
      batch.capacity,
      batch.trainSocket,
      batch.trainAddress,
      batch.trains,
    );
    this.handles.set(batch, handle);
    this.garbage.register(batch, handle);
    return handle;
  }
}
