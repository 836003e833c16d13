/** What stands on the local side of a stream, and how it hears of the stream. */
import { News, type Stream } from '../proto/stream/stream.ts';

export interface StreamOwner {
  /** `Stream.news`, which is cleared. */
  handleNews(news: number): void;
}

/** The engine, for those who own streams. */
export interface PumpHost {
  readonly nowMs: number;
  /** Commands were given to a stream. */
  drain(): void;
}

/** Tells the owners; `handleWanted` does what a peer wants, `handleEnded` hears of streams of ours that ended before their time. */
export function handleStreamNews(
  streams: readonly Stream[],
  handleWanted: (stream: Stream) => void,
  handleEnded: (stream: Stream) => void,
): void {
  for (const stream of streams) {
    const { news } = stream;
    stream.news = 0;
    if (news & News.WANTED) handleWanted(stream);
    if (news & News.TERMINATED && stream.isOurs) handleEnded(stream);
    (stream.owner as StreamOwner | null)?.handleNews(news);
  }
}

export function pumpHost(engine: { readonly now: number; drain(): void }): PumpHost {
  return {
    get nowMs() {
      return engine.now;
    },
    drain: () => engine.drain(),
  };
}
