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

ip -o monitor link address route rule </dev/null &
readonly monitor=$!
# An `ip` without this verb (BusyBox) ends at once; so does the script then.
trap 'kill "$monitor" 2>/dev/null || true' EXIT

# subscribed: the kernel lists a routing socket of the monitor that listens to groups.
subscribed() {
  local protocol port groups
  while read -r _ protocol port groups _; do
    if [[ $protocol == 0 && $port == "$monitor" && $groups != 00000000 ]]; then return 0; fi
  done </proc/net/netlink
  return 1
}

until subscribed; do
  kill -0 "$monitor" 2>/dev/null || die "ip has no monitor: apt-get install iproute2"
  sleep 0.01
done
echo ready

while kill -0 "$monitor" 2>/dev/null; do
  status=0
  read -r -t 5 _ || status=$?
  # Above 128: the time is over, and the monitor is looked after. Else stdin has ended.
  if ((status <= 128)); then exit 0; fi
done
