#!/usr/bin/env bash
# Raises the lab with a server and a client in it, and lets you play with the links. See --help.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ $EUID -eq 0 ]] || {
  echo 'lab: TUN devices and network namespaces need root: sudo npm run lab' >&2
  exit 2
}

bash scripts/setup.sh
exec node --import tsx test/netns/lab/main.ts "$@"
