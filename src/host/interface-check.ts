/** Whether an interface can carry a path now; if not, why, in words for its owner. */
import { UserError } from '../errors.ts';
import { type HostState, linkNamed } from './host-state.ts';
import type { Family } from './ip-prefix.ts';
import type { Link } from './network-objects.ts';
import { mayBeUplink } from './way-out.ts';

export type InterfaceProblem = 'missing' | 'down' | 'no-carrier' | 'no-address' | 'no-route';

type Refusal = { ok: false; problem: InterfaceProblem; error: UserError };

export type InterfaceCheck = { ok: true; link: Link } | Refusal;

export function checkInterface(state: HostState, name: string, family: Family): InterfaceCheck {
  const link = linkNamed(state, name);
  if (!link) return refuse('missing', `the interface ${name} does not exist`, missingHelp(state));
  if (!link.isUp) {
    return refuse('down', `the interface ${name} is switched off`, { fix: `ip link set ${name} up` });
  }
  if (!link.isRunning) {
    return refuse('no-carrier', `the interface ${name} is on, but has no carrier`, {
      cause: 'the cable, the radio network or the modem is not connected',
      fix: `connect it; the path opens as soon as ${name} has a link and an address`,
    });
  }
  const own = state.addresses.filter(
    (address) => address.linkIndex === link.index && address.family === family,
  );
  const usable = own.filter((address) => !address.isTentative && !address.isLinkLocal);
  if (usable.length > 0 || (family === 4 && own.length > 0)) return { ok: true, link };
  return refuse('no-address', `the interface ${name} has no usable IPv${family} address`, {
    cause: own.some((address) => address.isTentative)
      ? 'its address is still being checked for duplicates'
      : undefined,
    fix: `wait for DHCP or router advertisements on ${name}, or: ip address add … dev ${name}`,
  });
}

export function noRoute(name: string, family: Family): Refusal {
  return refuse('no-route', `the interface ${name} has no IPv${family} route to the server`, {
    cause: 'it has an address, but no gateway',
    fix: `wait for DHCP or router advertisements on ${name}, or: ip route add default via … dev ${name} metric 900`,
  });
}

function missingHelp(state: HostState): { cause: string; fix: string } {
  const names = state.links.filter(mayBeUplink).map((link) => link.name);
  return {
    cause:
      names.length > 0 ? `this machine has ${names.join(', ')}` : 'this machine has no network interface',
    fix: 'correct -i, or plug the device in; the path opens when it appears',
  };
}

function refuse(problem: InterfaceProblem, what: string, help: { cause?: string; fix: string }): Refusal {
  return { ok: false, problem, error: new UserError(what, help) };
}
