#!/usr/bin/env bash
# Long looks at a tunnel in network namespaces, by hand: ride.sh ride|outage|idle [OPTION…]. Each says what it does and measures.
# Installs and builds what is missing first; leaves nothing behind but that.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ $EUID -eq 0 ]] || {
  echo 'ride: TUN devices and network namespaces need root: use sudo' >&2
  exit 2
}

what=${1:?usage: ride.sh ride|outage|idle}
shift
bash scripts/setup.sh
exec node --import tsx "test/netns/ride/$what-main.ts" "$@"
