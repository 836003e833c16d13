#!/usr/bin/env bash
# Runs one of the benchmarks on whatever is installed, after installing what is missing:
#
#   bench.sh compare …   the product beside real peers
#   bench.sh stages …    nanoseconds of each stage of the packet path
#   bench.sh scale …     many simulated clients against one server
#   bench.sh streams …   a stream beside plain TCP through the tunnel
set -euo pipefail
cd "$(dirname "$0")/.."

die() {
  echo "bench: $*" >&2
  exit 1
}

kind=${1:-compare}
shift || true
[[ -f test/bench/$kind.ts ]] || die "there is no benchmark '$kind': compare, stages, scale or streams"

# Help needs nothing but the installed packages.
if [[ " $* " != *' --help '* || ! -d node_modules/tsx ]]; then
  [[ $EUID -eq 0 ]] || die 'namespaces and TUN devices need root: run it with sudo'
  bash scripts/setup.sh >&2
  if [[ $kind = compare ]]; then bash scripts/bench-peers.sh >&2; fi
fi

exec node --import tsx "test/bench/$kind.ts" "$@"
