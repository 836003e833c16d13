import { defineConfig } from 'vitest/config';

/**
 * Projects: `unit` needs nothing, `sim` the built addon, `native` the built addon and root, `netns` root, iproute2 and a built
 * dist/. Of the last, `netns-measured` holds what measures milliseconds, losses or rates: those tests run one at a time.
 */
const MEASURED = [
  'cut',
  'families',
  'interfaces',
  'lab/access-link',
  'lab/emulator',
  'loss',
  'mid-download',
  'mtu',
  'policies',
  'ride/*',
  'server-killed',
  'stream-bond',
  'streams',
  'three-links',
  'wakeup',
].map((name) => `test/netns/${name}.test.ts`);
const NETNS = { pool: 'forks', testTimeout: 120_000, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/*.test.ts',
            'test/{proto,cli,config,state,control,daemon,doctor,host,engine,metrics,trends,dashboard,bench}/**/*.test.ts',
          ],
          // Some walk through thousands of handshakes: seconds, and many of them on a machine with other work.
          testTimeout: 60_000,
        },
      },
      {
        test: { name: 'sim', include: ['test/sim/**/*.test.ts'], pool: 'forks', testTimeout: 300_000 },
      },
      {
        test: {
          name: 'native',
          include: ['test/{native,tun,udp}/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 30_000,
        },
      },
      {
        test: { ...NETNS, name: 'netns', include: ['test/netns/**/*.test.ts'], exclude: MEASURED },
      },
      // What is measured on a machine that others share is measured once more when it fails; the report tells of it.
      {
        test: { ...NETNS, name: 'netns-measured', include: MEASURED, fileParallelism: false, retry: 1 },
      },
    ],
  },
});
