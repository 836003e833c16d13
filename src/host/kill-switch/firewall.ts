/** Puts the kill switch into the kernel and takes it out again, by nft or, where there is none, by iptables. */
import { existsSync } from 'node:fs';
import { UserError } from '../../errors.ts';
import { hasTool, runTool, ToolError } from '../run-tool.ts';
import { type ChainNames, chainNames, iptablesRules } from './iptables-rules.ts';
import { nftServers, nftTable } from './nft-rules.ts';
import type { SwitchPlan } from './switch-plan.ts';

export type FirewallTool = 'nft' | 'iptables';

/** Throws `UserError` when neither works. */
export async function findFirewall(): Promise<FirewallTool> {
  if (await hasTool('nft', ['list', 'tables'])) return 'nft';
  if (await hasTool('iptables-restore', ['--version'])) return 'iptables';
  throw new UserError('there can be no kill switch on this machine', {
    cause: 'neither nft nor iptables works here',
    fix: 'apt-get install nftables; or run without --kill-switch',
  });
}

/** Both families, or none: what was there before stays when this throws (`UserError`). */
export function applySwitch(tool: FirewallTool, plan: SwitchPlan): Promise<void> {
  return explained(tool, plan.name, async () => {
    if (tool === 'nft') return feedNft(nftTable(plan));
    // IPv6 first: most leaks are its.
    for (const family of machineFamilies()) await restoreFamily(plan, family);
  });
}

/** The plan's servers are others than before. */
export function applyServers(tool: FirewallTool, plan: SwitchPlan): Promise<void> {
  return tool === 'nft'
    ? explained(tool, plan.name, () => feedNft(nftServers(plan)))
    : applySwitch(tool, plan);
}

export async function isInForce(tool: FirewallTool, name: string): Promise<boolean> {
  if (tool === 'nft') return hasTool('nft', ['list', 'table', 'inet', name]);
  for (const family of machineFamilies()) if ((await missingHooks(family, name)).length > 0) return false;
  return true;
}

/** Harmless when it is not there. Throws when it is and stays. */
export async function removeSwitch(tool: FirewallTool, name: string): Promise<void> {
  if (tool === 'nft') return feedNft(`table inet ${name}\ndelete table inet ${name}\n`);
  const chains = chainNames(name);
  for (const family of machineFamilies()) {
    for (const hook of ['output', 'forward'] as const) {
      const jump = [hook.toUpperCase(), '-j', chains[hook]];
      while (await hasTool(command(family), ['-w', '5', '-D', ...jump]));
      if (!(await hasTool(command(family), ['-w', '5', '-n', '-L', chains[hook]]))) continue;
      await runTool(command(family), ['-w', '5', '-F', chains[hook]]);
      await runTool(command(family), ['-w', '5', '-X', chains[hook]]);
    }
  }
}

async function feedNft(text: string): Promise<void> {
  await runTool('nft', ['-f', '-'], { input: text });
}

async function restoreFamily(plan: SwitchPlan, family: 4 | 6): Promise<void> {
  const input = iptablesRules(plan, family, await missingHooks(family, plan.name));
  await runTool(`${command(family)}-restore`, ['-w', '5', '--noflush'], { input });
}

async function missingHooks(family: 4 | 6, name: string): Promise<(keyof ChainNames)[]> {
  const chains = chainNames(name);
  const missing: (keyof ChainNames)[] = [];
  for (const hook of ['output', 'forward'] as const) {
    const jump = [hook.toUpperCase(), '-j', chains[hook]];
    if (!(await hasTool(command(family), ['-w', '5', '-C', ...jump]))) missing.push(hook);
  }
  return missing;
}

function command(family: 4 | 6): string {
  return family === 4 ? 'iptables' : 'ip6tables';
}

/** IPv6 may be compiled out: then nothing leaves by it. */
function machineFamilies(): (4 | 6)[] {
  return existsSync('/proc/net/if_inet6') ? [6, 4] : [4];
}

async function explained(tool: FirewallTool, name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new UserError('the kill switch could not be set up', {
      cause: error.complaint,
      fix: `see what ${tool === 'nft' ? `nft list table inet ${name}` : 'iptables-save'} says; nothing leaves unprotected: the client does not start`,
    });
  }
}
