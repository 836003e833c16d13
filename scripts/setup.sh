#!/usr/bin/env bash
# Brings a fresh clone on a Debian machine to where everything runs: system packages, npm packages, addon, TypeScript.
# Says what it does, does nothing twice, and is quiet when nothing is missing.
#
#   setup.sh            all of it
#   setup.sh --runtime  only what running the product takes (no test and lab tools)
set -euo pipefail
cd "$(dirname "$0")/.."

run() {
  echo "+ $*" >&2
  "$@"
}

die() {
  echo "setup: $*" >&2
  exit 1
}

# command and the Debian package that brings it
runtime_tools=(ip:iproute2 iptables:iptables nft:nftables g++:g++ make:make python3:python3)
lab_tools=(ping:iputils-ping iperf3:iperf3 curl:curl tcpdump:tcpdump shellcheck:shellcheck sysctl:procps ethtool:ethtool
  ssh:openssh-client man:man-db mandoc:mandoc)
# Where a service manager runs it would begin to serve with the next start of the machine: there a test does without.
[[ -d /run/systemd/system ]] || lab_tools+=(sshd:openssh-server)

install_tools() {
  local tools=("${runtime_tools[@]}") missing=() tool
  [[ ${1:-} = --runtime ]] || tools+=("${lab_tools[@]}")
  for tool in "${tools[@]}"; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  command -v apt-get >/dev/null || die "please install: ${missing[*]}"
  [[ $EUID -eq 0 ]] || die "please install (as root): apt-get install ${missing[*]}"
  run apt-get update -qq
  start_no_daemons
  run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Until this script ends, no package starts a daemon that it brings.
start_no_daemons() {
  local policy=/usr/sbin/policy-rc.d
  [[ ! -e $policy ]] || return 0
  # shellcheck disable=SC2064 # as it is now
  trap "rm -f $policy" EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
}

# The library that makes AES-256-GCM several times as fast. OpenSSL does the work where it is not to be had.
install_cipher_library() {
  [[ $(uname -m) = x86_64 && ! -e /usr/include/intel-ipsec-mb.h && $EUID -eq 0 ]] || return 0
  command -v apt-get >/dev/null || return 0
  apt-cache show libipsec-mb-dev >/dev/null 2>&1 || run apt-get update -qq || return 0
  run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libipsec-mb-dev >/dev/null ||
    echo 'setup: going on without libipsec-mb-dev' >&2
}

check_node() {
  command -v node >/dev/null || die 'Node.js 20.19 or newer is needed: https://nodejs.org'
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    die "Node.js 20.19 or newer is needed, this is $(node --version)"
}

# True when $1 is missing or older than any file below the other arguments.
is_stale() {
  local made=$1
  shift
  [[ ! -e $made ]] || [[ -n $(find "$@" -newer "$made" -print -quit) ]]
}

install_tools "$@"
check_node
# Compared by content: a file's time says nothing after a checkout.
installed=node_modules/.installed-lock.json
if ! cmp -s package-lock.json "$installed"; then
  # Not `npm ci`: a registry that mirrors the packages of some platforms only leaves gaps in the lock file, which it refuses.
  run npm install --no-save --no-fund --no-audit --loglevel=error
  cp --remove-destination package-lock.json "$installed"
fi
# Node's own headers, where they are installed beside it; node-gyp would download others.
node_prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
if [[ -e $node_prefix/include/node/node_api.h ]]; then export npm_config_nodedir=$node_prefix; fi
addon=native/build/Release/resip.node
if is_stale "$addon" native/binding.gyp native/src; then
  install_cipher_library
  run npm run --silent build:native
  touch "$addon"
fi
# The last file that a finished build writes.
if is_stale dist/.built src scripts/bundle.mjs tsconfig.json tsconfig.build.json tsconfig.page.json; then
  run npm run --silent build:ts
  touch dist/.built
fi
