/**
 * The lab: a client with several access links, the routers of the world, a server, a host on the internet.
 *
 *  client                    air (emulator)                 net                          server
 *   wlan0 192.168.1.23 ══TAP══ delay, loss, … ══TAP══ wifi 192.168.1.1 ┐            ┌ srv ──veth── eth0 203.0.113.10
 *   wwan0 10.40.1.23   ══TAP══ delay, loss, … ══TAP══ lte  10.40.1.1   ┼ NAT, route ┤
 *   …                                                                  ┘            └ web ──veth── eth0 192.0.2.80
 *  client2 … likewise, with networks of its own                                                   web
 *
 * Each access link has its own gateway, a default route by metric, and NAT to one public address (198.51.100.x).
 * IPv6 (2001:db8::/32) runs over the same links without NAT. Neighbours are static: a blackholed link tells nobody,
 * not even by an unanswered ARP. Nothing of the lab is in the machine's own namespace.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AccessLink } from './access-link.ts';
import { Emulator } from './emulator-client.ts';
import type { EmulatorReport } from './emulator-protocol.ts';
import type { Direction, LinkSettings } from './link-settings.ts';
import { Namespace, newTag, sweep } from './namespace.ts';
import { NetemShaper } from './netem.ts';
import { BEHIND, type LinkPlan, type LinkWish, planLink } from './plan.ts';
import { attempt, type Process, type StartOptions, waitFor } from './process.ts';
import type { Shaper } from './shaper.ts';
import { connectCore } from './wiring.ts';

export interface LabOptions {
  readonly links: readonly LinkWish[];
  /** Of all dice; printed, so that a run can be repeated. Default: drawn. */
  readonly seed?: number;
  /** `netem` where the kernel has it; default: the emulator. */
  readonly shaper?: 'emulator' | 'netem';
}

/** One client's namespace and its links. */
export interface Site {
  readonly namespace: Namespace;
  readonly links: readonly LinkPlan[];
}

const WEB = fileURLToPath(new URL('./web.ts', import.meta.url));

export class Lab {
  readonly tag: string;
  readonly seed: number;
  /** For state directories, captures and the like; removed with the lab. */
  readonly directory: string;
  readonly server: Namespace;
  readonly web: Namespace;
  /** The first client. */
  client!: Site;
  readonly #net: Namespace;
  readonly #air: Namespace;
  readonly #shaper: Shaper;
  readonly #processes: Process[] = [];
  readonly #sites: Site[] = [];
  readonly #hosts: Namespace[] = [];
  readonly #access = new Map<string, AccessLink>();

  private constructor(
    tag: string,
    seed: number,
    directory: string,
    namespaces: readonly Namespace[],
    shaper: 'emulator' | 'netem',
  ) {
    this.tag = tag;
    this.seed = seed;
    this.directory = directory;
    [this.server, this.web, this.#net, this.#air] = namespaces;
    this.#shaper = shaper === 'netem' ? new NetemShaper() : new Emulator(this.#air, seed);
  }

  /** Everything up, the first client included. Rejects, with everything taken down, when a step fails. */
  static async raise(options: LabOptions): Promise<Lab> {
    await sweep();
    const tag = newTag();
    const roles = ['server', 'web', 'net', 'air'];
    const namespaces = await Promise.all(roles.map((role) => Namespace.create(`${tag}-${role}`)));
    const directory = await mkdtemp(join(tmpdir(), `${tag}-`));
    const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
    const lab = new Lab(tag, seed, directory, namespaces, options.shaper ?? 'emulator');
    try {
      // Takes its time to start, and any address.
      const web = lab.start(lab.web, ['node', '--import', 'tsx', WEB], { stdin: true });
      await connectCore(lab.#net, lab.server, lab.web);
      lab.client = await lab.addClient(options.links);
      await waitFor('the web server', () => web.stdout.includes('ready'));
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** One more client with links of its own, named `wifi2`, `lte2`, … */
  async addClient(wishes: readonly LinkWish[]): Promise<Site> {
    const number = this.#sites.length + 1;
    const namespace = await Namespace.create(`${this.tag}-client${number === 1 ? '' : number}`);
    const links = wishes.map((wish, index) => planLink(number, index, wish));
    const site: Site = { namespace, links };
    this.#sites.push(site);
    for (const link of links) {
      const access = await AccessLink.connect(this.#shaper, namespace, this.#net, link, this.#access.size);
      this.#access.set(link.name, access);
      await this.#shaper.set(link.name, link.settings);
    }
    return site;
  }

  /** A host of that name in the network behind the first client (`BEHIND`), which forwards for it. */
  async addHostBehind(role: string): Promise<Namespace> {
    const host = await Namespace.create(`${this.tag}-${role}`);
    this.#hosts.push(host);
    const router = this.client.namespace;
    await router.ip([
      `link add ${role}0 type veth peer name eth0 netns ${host.name}`,
      `addr add ${BEHIND.router}/24 dev ${role}0`,
      `link set ${role}0 up`,
    ]);
    await host.ip([
      `addr add ${BEHIND.host}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${BEHIND.router}`,
    ]);
    await router.sysctl({ 'net.ipv4.ip_forward': '1' });
    return host;
  }

  /** Starts a program in `namespace`; the lab ends it. `node` means this Node. */
  start(namespace: Namespace, argv: readonly string[], options: StartOptions = {}): Process {
    const words = argv[0] === 'node' ? [process.execPath, ...argv.slice(1)] : argv;
    const started = namespace.start(words, options);
    this.#processes.push(started);
    return started;
  }

  /** Changes `link` in both directions, or in those named. */
  set(link: string, settings: Partial<LinkSettings>, directions?: readonly Direction[]): Promise<void> {
    return this.#shaper.set(link, settings, directions);
  }

  /** Blackholes `link`: nobody is told. */
  cut(link: string): Promise<void> {
    return this.set(link, { blackhole: true });
  }

  restore(link: string): Promise<void> {
    return this.set(link, { blackhole: false });
  }

  /** `link` as a thing that is pulled out, renumbered and the like. */
  access(link: string): AccessLink {
    const access = this.#access.get(link);
    if (!access) throw new Error(`there is no link ${link}`);
    return access;
  }

  /** Nobody is at `address`, and nobody says so. */
  async swallow(address: string): Promise<void> {
    await this.#net.ip([`route add blackhole ${address}/32`]);
  }

  /** A router says of `addresses` what nft calls `type` (`host-unreachable`), as often as it is asked. */
  async reject(type: string, ...addresses: string[]): Promise<void> {
    // By routes it would say so five times, and then once a second, whatever these say.
    await this.#net.sysctl({ 'net.ipv4.icmp_ratelimit': '0', 'net.ipv6.icmp.ratelimit': '0' });
    const rules = addresses.map((address) => {
      const family = address.includes(':') ? 'ip6' : 'ip';
      return `add rule inet rejects forward ${family} daddr ${address} reject with icmpx type ${type}`;
    });
    const table = [
      'add table inet rejects',
      'add chain inet rejects forward { type filter hook forward priority 0; }',
    ];
    await this.#net.run(['nft', '-f', '-'], { input: [...table, ...rules, ''].join('\n') });
  }

  /** How long the NATs remember a UDP mapping that nobody uses, seconds. */
  setNatMemory(seconds: number): Promise<void> {
    const key = 'net.netfilter.nf_conntrack_udp_timeout';
    return this.#net.sysctl({ [key]: String(seconds), [`${key}_stream`]: String(seconds) });
  }

  report(): Promise<EmulatorReport> {
    return this.#shaper.report();
  }

  get sites(): readonly Site[] {
    return this.#sites;
  }

  get namespaces(): readonly Namespace[] {
    const sites = this.#sites.map((site) => site.namespace);
    return [...this.#hosts, ...sites, this.server, this.web, this.#net, this.#air];
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((started) => started.stop()));
    await this.#shaper.stop();
    await Promise.all(this.namespaces.map((namespace) => namespace.remove()));
    await rm(this.directory, { recursive: true, force: true });
  }

  /** True where `tc netem` works: the lab can do without the emulator. */
  static async hasNetem(): Promise<boolean> {
    const namespace = await Namespace.create(`${newTag()}-probe`);
    try {
      const words = [
        'tc',
        '-n',
        namespace.name,
        'qdisc',
        'add',
        'dev',
        'lo',
        'root',
        'netem',
        'delay',
        '1ms',
      ];
      return (await attempt(words)).code === 0;
    } finally {
      await namespace.remove();
    }
  }
}
