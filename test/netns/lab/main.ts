/** `npm run lab`: the lab by hand. Raises it, starts server and clients, and reads commands until told to stop. */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Lab } from './lab.ts';
import { type LinkKind, type LinkWish, SERVER_ADDRESS, WEB_ADDRESS } from './plan.ts';
import { HELP, Prompt } from './prompt.ts';
import { type Daemon, Vpn } from './vpn.ts';

const USAGE = `usage: npm run lab -- [--links wifi,lte,usb,dsl] [--clients N] [--seed N] [--netem]

  --links    access links of each client [wifi,lte]
  --clients  how many clients [1]
  --seed     of all dice [drawn]
  --netem    links from the kernel's netem, where it has it [the lab's own emulator]
`;

/** What each kind of link is like, until it is changed. */
const TYPICAL: Readonly<Record<LinkKind, LinkWish['settings']>> = {
  wifi: { delayMs: 10, jitterMs: 2, loss: 0.01, rateBitsPerSecond: 100e6 },
  lte: { delayMs: 30, jitterMs: 8, loss: 0.01, rateBitsPerSecond: 40e6 },
  usb: { delayMs: 40, jitterMs: 10, rateBitsPerSecond: 20e6 },
  dsl: { delayMs: 8, rateBitsPerSecond: 50e6 },
};

interface Wishes {
  readonly links: readonly LinkWish[];
  readonly clients: number;
  readonly seed: number | undefined;
  readonly netem: boolean;
}

/** Throws with what is wrong. */
function readWishes(): Wishes {
  const { values } = parseArgs({
    options: {
      links: { type: 'string', default: 'wifi,lte' },
      clients: { type: 'string', default: '1' },
      seed: { type: 'string' },
      netem: { type: 'boolean', default: false },
    },
  });
  const links = values.links.split(',').map((kind) => {
    if (!(kind in TYPICAL))
      throw new Error(`--links: expected ${Object.keys(TYPICAL).join(', ')}, got ${kind}`);
    return { kind: kind as LinkKind, settings: TYPICAL[kind as LinkKind] };
  });
  const clients = Number(values.clients);
  if (!(Number.isInteger(clients) && clients >= 1 && clients <= 20))
    throw new Error(`--clients: expected 1 to 20, got ${values.clients}`);
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  if (seed !== undefined && !Number.isInteger(seed))
    throw new Error(`--seed: expected a whole number, got ${values.seed}`);
  return { links, clients, seed, netem: values.netem };
}

async function main(): Promise<void> {
  let wishes: Wishes;
  try {
    wishes = readWishes();
  } catch (error) {
    process.stderr.write(`lab: ${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  if (wishes.netem && !(await Lab.hasNetem())) {
    process.stderr.write(
      'lab: this kernel has no netem: leave --netem away, and the lab uses its own emulator\n',
    );
    process.exitCode = 1;
    return;
  }
  process.stdout.write('Raising the lab …\n');
  const { links, seed, netem } = wishes;
  const lab = await Lab.raise({ links, seed, shaper: netem ? 'netem' : 'emulator' });
  try {
    await play(lab, wishes);
  } finally {
    process.stdout.write('Taking the lab down …\n');
    await lab.close();
  }
}

async function play(lab: Lab, { links, clients }: Wishes): Promise<void> {
  const vpn = new Vpn(lab);
  const server = await vpn.startServer();
  const daemons: Daemon[] = [];
  for (let number = 1; number <= clients; number += 1) {
    const name = number === 1 ? 'client' : `client${number}`;
    const site = number === 1 ? lab.client : await lab.addClient(links);
    daemons.push(await vpn.startClient({ invite: await vpn.invite(name), site, name }));
  }
  const names = lab.sites.flatMap((site) => site.links.map((link) => `${link.name} (${link.interfaceName})`));
  process.stdout.write(
    `Server ${SERVER_ADDRESS}, web host ${WEB_ADDRESS}, links ${names.join(', ')}, seed ${lab.seed},\nnamespaces ${lab.tag}-….\n${HELP}`,
  );
  await readCommands(new Prompt(lab, server, daemons));
}

/** Reads until `exit`, the end of stdin, or a signal. */
async function readCommands(prompt: Prompt): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: 'lab> ' });
  const end = () => lines.close();
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  lines.on('SIGINT', end);
  lines.prompt();
  for await (const line of lines) {
    // A command may be a shell, which wants the terminal for itself.
    lines.pause();
    process.stdin.setRawMode?.(false);
    const goesOn = await prompt.handle(line).catch((error: Error) => {
      process.stdout.write(`${error.message}\n`);
      return true;
    });
    if (!goesOn) break;
    process.stdin.setRawMode?.(true);
    lines.prompt();
  }
  lines.close();
  // A terminal keeps the process alive as long as it is open.
  process.stdin.destroy();
}

await main();
