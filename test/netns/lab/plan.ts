/** Names and addresses of the lab, worked out and not configured: the n-th link of the m-th client. */
import type { LinkSettings } from './link-settings.ts';

export type LinkKind = 'wifi' | 'lte' | 'usb' | 'dsl';

export interface LinkWish {
  readonly kind: LinkKind;
  /** Both directions. */
  readonly settings?: Partial<LinkSettings>;
}

/** One access link: the client's interface, and the router behind it that does NAT to one public address. */
export interface LinkPlan {
  /** Unique in the lab: `wifi`, for the second client `wifi2`. */
  readonly name: string;
  /** In the client's namespace, named as the real thing would be. */
  readonly interfaceName: string;
  readonly address: string;
  readonly gateway: string;
  readonly prefixLength: number;
  readonly address6: string;
  readonly gateway6: string;
  /** What the internet sees of this link's IPv4. */
  readonly publicAddress: string;
  /** Of the default route, as NetworkManager gives them: the first link is preferred. */
  readonly metric: number;
  /** Of the client's and the router's end. */
  readonly macs: readonly [string, string];
  readonly settings: Partial<LinkSettings>;
}

export const SERVER_ADDRESS = '203.0.113.10';
export const SERVER_ADDRESS6 = '2001:db8:100::10';
export const WEB_ADDRESS = '192.0.2.80';
export const WEB_ADDRESS6 = '2001:db8:80::80';
/** A network behind the first client. */
export const BEHIND = { router: '192.168.77.1', host: '192.168.77.2', network: '192.168.77.0/24' } as const;

const KINDS: Readonly<Record<LinkKind, { interfaceName: string; network: (client: number) => string }>> = {
  wifi: { interfaceName: 'wlan0', network: (client) => `192.168.${client}` },
  lte: { interfaceName: 'wwan0', network: (client) => `10.40.${client}` },
  usb: { interfaceName: 'usb0', network: (client) => `172.20.${client}` },
  dsl: { interfaceName: 'eth0', network: (client) => `10.0.${client}` },
};

/** `client` counts from 1, `index` is the place among its links. */
export function planLink(client: number, index: number, wish: LinkWish): LinkPlan {
  const { interfaceName, network } = KINDS[wish.kind];
  const network4 = network(client);
  const network6 = `2001:db8:${client.toString(16)}${index}`;
  const octets = [client, index].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
  return {
    name: client === 1 ? wish.kind : `${wish.kind}${client}`,
    interfaceName,
    address: `${network4}.23`,
    gateway: `${network4}.1`,
    prefixLength: 24,
    address6: `${network6}::23`,
    gateway6: `${network6}::1`,
    publicAddress: `198.51.100.${client * 10 + index}`,
    metric: 600 + 100 * index,
    macs: [`02:00:00:0a:${octets}`, `02:00:00:0b:${octets}`],
    settings: wish.settings ?? {},
  };
}
