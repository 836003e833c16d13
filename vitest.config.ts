import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Projects: `unit` needs nothing, `sim` the built addon, `native` the built addon and root, `netns` root, iproute2 and a built
 * dist/. Of the last, `netns-measured` holds what measures milliseconds, losses or rates: those tests run one at a time.
 */
const MEASURED = [
  'cut',
  'interfaces',
  'lab/emulator',
  'loss',
  'mid-download',
  'mtu',
  'policies',
  'ride/ride',
  'server-killed',
  'stream-bond',
  'stream-loss',
].map((name) => `test/netns/${name}.test.ts`);
/** What takes longest begins first, so that nobody waits for it in the end. */
const LONGEST = [
  'sim/sim',
  'netns/kill-switch',
  'netns/package',
  'netns/doctor',
  'netns/streams',
  'netns/living',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return place < 0 ? LONGEST.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

const NETNS = { pool: 'forks', testTimeout: 120_000, hookTimeout: 120_000 } as const;

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'test/*.test.ts',
            'test/{proto,cli,config,state,control,daemon,doctor,host,engine,metrics,trends,dashboard,bench}/**/*.test.ts',
          ],
          // Modules are loaded once for all files of a worker, two fifths of the time: who changes something global puts it back.
          isolate: false,
          // Some walk through thousands of handshakes: seconds, and many of them on a machine with other work.
          testTimeout: 120_000,
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
          testTimeout: 60_000,
        },
      },
      {
        test: { ...NETNS, name: 'netns', include: ['test/netns/**/*.test.ts'], exclude: MEASURED },
      },
      {
        test: { ...NETNS, name: 'netns-measured', include: MEASURED, fileParallelism: false },
      },
    ],
  },
});
