import { defineConfig } from 'vitest/config';

/** Four projects: `unit` needs nothing, `sim` the built addon, `native` the built addon and root, `netns` root, iproute2 and a built dist/. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{proto,cli,config,state,control,daemon,host,engine,metrics,bench}/**/*.test.ts'],
          // Some walk through thousands of handshakes: seconds, and many of them on a machine with other work.
          testTimeout: 60_000,
        },
      },
      {
        test: { name: 'sim', include: ['test/sim/**/*.test.ts'], pool: 'forks', testTimeout: 120_000 },
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
        test: {
          name: 'netns',
          include: ['test/netns/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
