#!/usr/bin/env bash
# Prints something for each change of links, addresses, routes or rules, until its stdin ends.
#
#   daemon --stdin--> route-monitor.sh --> ip monitor --stdout--> daemon
#
# The first line is `ready`: changes from then on are heard. The stdin end is the daemon's life line: when the daemon
# dies, however it dies, the kernel closes it, and the monitor ends as well.
set -euo pipefail

die() {
  echo "route-monitor.sh: $*" >&2
  exit 1
}

command -v ip >/dev/null || die "ip is not installed: apt-get install iproute2"

# What runs in the background finds /dev/null at its stdin: the life line takes another number.
exec 3<&0
ip -o monitor link address route rule 3<&- &
readonly monitor=$!
{
  read -r _ <&3 || true
  kill "$monitor"
} &
readonly life_line=$!
trap 'kill "$monitor" "$life_line" 2>/dev/null || true' EXIT

# subscribed: the kernel lists a routing socket of the monitor that listens to groups.
subscribed() {
  local protocol port groups
  while read -r _ protocol port groups _; do
    if [[ $protocol == 0 && $port == "$monitor" && $groups != 00000000 ]]; then return 0; fi
  done </proc/net/netlink
  return 1
}

# Two seconds at most: on a kernel that lists nothing, hearing late is better than not starting.
for ((round = 0; round < 200; round++)); do
  if subscribed; then break; fi
  kill -0 "$monitor" 2>/dev/null || die "ip has no monitor: apt-get install iproute2"
  sleep 0.01
done
echo ready

wait "$monitor" || true
