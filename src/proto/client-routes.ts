/** Which packets of the client's machine its server gets: all but what is said among neighbours, of which there are none in a tunnel. */
import type { Association } from './association/association.ts';
import type { DropReason } from './counters.ts';
import type { Routes } from './routes.ts';
import { isForNeighbours, isLinkLocal6 } from './wire/ip.ts';

export function clientRoutes(association: Association): Routes {
  return {
    outbound(bytes: Uint8Array, at: number): Association | DropReason {
      return isForNeighbours(bytes, at) || isLinkLocal6(bytes, at) ? 'link-local' : association;
    },
    inbound: () => null,
  };
}
