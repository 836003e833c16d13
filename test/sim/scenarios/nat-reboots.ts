/** Two home routers that forget, reboot and come back with other addresses while the tunnel is used. */
import { client, flow, HOME_NAT, link, MINUTE_MS, scenario } from '../plans.ts';
import type { TimedEvent } from '../scenario.ts';

const events: TimedEvent[] = [];
for (let round = 0; round < 8; round++) {
  const atMs = 10_000 + round * 30_000;
  const where = { client: 0, link: round % 2 };
  events.push({ atMs, kind: 'nat', ...where, action: 'forget', downMs: 0 });
  events.push({ atMs: atMs + 12_000, kind: 'nat', ...where, action: 'reboot', downMs: 6_000 });
}
// Both at once: for a moment nobody is where he was.
events.push({ atMs: 260_000, kind: 'nat', client: 0, link: 0, action: 'forget', downMs: 0 });
events.push({ atMs: 260_000, kind: 'nat', client: 0, link: 1, action: 'forget', downMs: 0 });

export const natReboots = scenario('nat-reboots', {
  durationMs: 5 * MINUTE_MS,
  clients: [client([link({ delayMs: 15 }, { nat: HOME_NAT }), link({ delayMs: 25 }, { nat: HOME_NAT })])],
  flows: [flow('up', { everyMs: 50 }), flow('down', { everyMs: 50 })],
  events,
  // Only the moment when both forget may cost packets, and only on the way down.
  expect: { delivered: 0.99 },
});
