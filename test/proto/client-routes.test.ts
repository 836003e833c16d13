import { expect, test } from 'vitest';
import type { Association } from '../../src/proto/association/association.ts';
import { clientRoutes } from '../../src/proto/client-routes.ts';
import { unhex } from './bytes.ts';

const association = {} as Association;
const to = (packet: string) => clientRoutes(association).outbound(unhex(packet), 0);

test('what is meant for neighbours costs no link a byte: there are none in a tunnel', () => {
  const ipv4 = '4500001c00004000401100000a4d0002';
  expect(to(`${ipv4} e00000fb 0000000000000000`)).toBe('link-local');
  expect(to(`${ipv4} ffffffff 0000000000000000`)).toBe('link-local');
  expect(to(`${ipv4} c6336401 0000000000000000`)).toBe(association);
  const ipv6 = '60000000000011ff fd000000000000000000000000000002';
  expect(to(`${ipv6} ff0200000000000000000000000000fb`)).toBe('link-local');
  expect(to(`${ipv6} 20010db8000000000000000000000001`)).toBe(association);
  // A router solicitation before there is an address.
  expect(to('6000000000003aff 00000000000000000000000000000000 20010db8000000000000000000000001')).toBe(
    'link-local',
  );
});
