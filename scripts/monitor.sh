#!/usr/bin/env bash
# Prints something for each change that the kernel tells of, until its stdin ends.
#
#   daemon --stdin--> monitor.sh --> ip monitor | nft monitor --stdout--> daemon
#
#   monitor.sh network     links, addresses, routes and rules
#   monitor.sh firewall    tables of nftables that were deleted
#
# The first line is `ready`: changes from then on are heard. The stdin end is the daemon's life line: when the daemon
# dies, however it dies, the kernel closes it, and the monitor ends as well.
set -euo pipefail

die() {
  echo "monitor.sh: $*" >&2
  exit 1
}

# Netlink protocols (linux/netlink.h): NETLINK_ROUTE, NETLINK_NETFILTER.
case ${1-} in
  network) command=(ip -o monitor link address route rule) package=iproute2 netlink=0 ;;
  firewall) command=(nft monitor destroy tables) package=nftables netlink=12 ;;
  *) die 'network or firewall?' ;;
esac
readonly command package netlink
command -v "${command[0]}" >/dev/null || die "${command[0]} is not installed: apt-get install $package"

# What runs in the background finds /dev/null at its stdin: the life line takes another number.
exec 3<&0
"${command[@]}" 3<&- &
readonly monitor=$!
{
  read -r _ <&3 || true
  kill "$monitor"
} &
readonly life_line=$!
trap 'kill "$monitor" "$life_line" 2>/dev/null || true' EXIT

# subscribed: the kernel lists a socket of the monitor that listens to groups.
subscribed() {
  local protocol port groups
  while read -r _ protocol port groups _; do
    if [[ $protocol == "$netlink" && $port == "$monitor" && $groups != 00000000 ]]; then return 0; fi
  done </proc/net/netlink
  return 1
}

# Two seconds at most: on a kernel that lists nothing, hearing late is better than not starting.
for ((round = 0; round < 200; round++)); do
  if subscribed; then break; fi
  kill -0 "$monitor" 2>/dev/null || die "${command[0]} has no monitor: apt-get install $package"
  sleep 0.01
done
echo ready

wait "$monitor" || true
