/** Two ends that can talk, over either form of the edge. */
import { loadNative } from '../../src/native/native.ts';
import {
  PATH_ADDRESS,
  PATH_SOCKET,
  PATH_WORDS,
  PATHS_PER_PEER,
  PathTable,
} from '../../src/proto/packet-batch.ts';
import { Suite } from '../../src/proto/ports.ts';
import { parseAddress } from '../../src/udp/address.ts';
import { LinuxUdp } from '../../src/udp/linux-udp.ts';
import { MemoryNetwork } from '../../src/udp/memory-network.ts';
import { MemoryUdp } from '../../src/udp/memory-udp.ts';
import type { UdpEdge } from '../../src/udp/udp.ts';
import { makeSealer } from '../native/datagrams.ts';

export const sealer = makeSealer(Suite.AES_256_GCM);

export interface End {
  readonly udp: UdpEdge;
  readonly paths: PathTable;
}

/** Writes one row of the path table. */
export function setPath(
  { paths }: End,
  peer: number,
  path: number,
  socket: number,
  address: string,
  port: number,
): number {
  const row = (peer * PATHS_PER_PEER + path) * PATH_WORDS;
  paths.words.fill(0, row, row + PATH_WORDS);
  paths.words[row + PATH_SOCKET] = socket;
  parseAddress(address, port, paths.words, row + PATH_ADDRESS);
  return row;
}

export interface World {
  readonly ends: [End, End];
  close(): void;
}

export function linuxWorld(): World {
  const end = () => {
    const paths = new PathTable(4);
    return { paths, udp: new LinuxUdp(loadNative(), paths, sealer.mask) };
  };
  const ends: [ReturnType<typeof end>, ReturnType<typeof end>] = [end(), end()];
  return {
    ends,
    close() {
      for (const { udp } of ends) udp.dispose();
    },
  };
}

export function memoryWorld(): World {
  const network = new MemoryNetwork();
  const unmask = sealer.unmask.bind(sealer);
  const end = () => {
    const paths = new PathTable(4);
    return { paths, udp: new MemoryUdp({ network, paths, unmask }) };
  };
  return { ends: [end(), end()], close: () => {} };
}
