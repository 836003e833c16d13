#!/usr/bin/env bash
# Shows on one machine, in network namespaces, what happens to a tunnel over two bad links when each of them dies.
# Installs and builds what is missing first; leaves nothing behind but that.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ $EUID -eq 0 ]] || {
  echo 'demo: TUN devices and network namespaces need root: sudo npm run demo' >&2
  exit 2
}

bash scripts/setup.sh
exec node --import tsx test/netns/lab/demo.ts "$@"
