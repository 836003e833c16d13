/** The tunnel's device, and what makes it fast. */
import type { NativeError } from '../../native/addon.ts';
import { loadAddon } from '../../native/addon.ts';
import { type Finding, findings } from '../finding.ts';
import type { Subject } from '../subject.ts';

/** Gone as soon as it is closed. */
const DEVICE = 'rsdoc%d';

const FIXES: Readonly<Record<string, string>> = {
  ENOENT: 'load the driver: modprobe tun; in a container, give it /dev/net/tun (--device /dev/net/tun)',
  ENODEV: 'load the driver: modprobe tun',
  EPERM: 'in a container, give it NET_ADMIN (--cap-add NET_ADMIN); else run as root',
  EACCES: 'in a container, give it /dev/net/tun (--device /dev/net/tun); else run as root',
};

interface Offload {
  readonly vnetHeader: boolean;
  readonly tso: boolean;
  readonly uso: boolean;
}

export function checkDevice({ status }: Subject): Finding[] {
  const { ok, fault } = findings('tun');
  try {
    const running = status === undefined ? undefined : { vnetHeader: status.tun.offload, ...status.tun };
    const offload = running ?? openOnce();
    return [ok('TUN devices can be made'), ...checkOffloads(offload), checkCiphers()];
  } catch (error) {
    const { message, code } = error as NativeError;
    return [
      fault('no TUN device can be made', {
        why: message,
        fix: FIXES[code] ?? 'npm run build:native, if it says that the addon is missing',
      }),
    ];
  }
}

function openOnce(): Offload {
  const addon = loadAddon();
  const info = addon.tunOpen({ name: DEVICE });
  addon.tunClose(info.handle);
  return info;
}

function checkOffloads({ vnetHeader, tso, uso }: Offload): Finding[] {
  const { ok, note, warning } = findings('offloads');
  const data = { vnetHeader, tso, uso };
  if (!vnetHeader || !tso)
    return [
      warning('the device takes one packet at a time', {
        why: 'the kernel offers no TCP segmentation there: expect a tenth of the speed',
        fix: 'use a newer kernel',
        data,
      }),
    ];
  if (!uso)
    return [
      note('TCP in large pieces, UDP packet by packet', {
        why: 'UDP segmentation on TUN comes with Linux 6.2',
        data,
      }),
    ];
  return [ok('TCP and UDP in large pieces', { data })];
}

function checkCiphers(): Finding {
  const { ok, note } = findings('ciphers');
  const addon = loadAddon();
  const library = addon.gcmLibrary();
  if (!addon.hasAes())
    return note('this processor has no AES instructions: ChaCha20-Poly1305 is used', {
      data: { aes: false },
    });
  const slower =
    library === 'OpenSSL'
      ? { why: 'libipsec-mb would be up to three times as fast', fix: 'apt-get install libipsec-mb1' }
      : {};
  return ok(`AES-256-GCM by ${library}`, { ...slower, data: { aes: true, library } });
}
