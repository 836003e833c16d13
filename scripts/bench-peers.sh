#!/usr/bin/env bash
# Makes the peers of the benchmark available, from Debian's packages: OpenVPN, WireGuard's tools and wireguard-go.
# bookworm's wireguard-go is older than TUN offloads (2023): there the one from backports is unpacked beside
# node_modules, and the machine's package sources and installed packages stay as they are.
# What cannot be had is named and left out of the comparison.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly unpacked=node_modules/.cache/resip-vpn/wireguard-go
readonly first_with_offloads=0.0.20230223

say() { echo "bench-peers: $*"; }

run() {
  echo "[#] $*"
  "$@"
}

command -v apt-get >/dev/null || {
  say 'no apt-get here: the peers are those that are installed'
  exit 0
}

missing=()
want() { command -v "$1" >/dev/null || missing+=("$2"); }
want openvpn openvpn
want wg wireguard-tools
want iperf3 iperf3
want ethtool ethtool
want openssl openssl

if ((${#missing[@]})); then
  run apt-get update -q
  # Recommended packages of these are a kernel and a smart-card daemon.
  DEBIAN_FRONTEND=noninteractive run apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

candidate() { apt-cache policy wireguard-go | sed -n 's/^ *Candidate: //p'; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Backports stand on the mirror that this machine takes Debian from.
unpack_from_backports() {
  local codename mirror options
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $codename" | head -n 1)
  [[ -n $codename && -n $mirror ]] || return 1
  mkdir -p "$scratch/lists/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $codename-backports main" \
    >"$scratch/sources.list"
  options=(
    -o "Dir::Etc::sourcelist=$scratch/sources.list" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$scratch/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o APT::Sandbox::User=root
  )
  run apt-get "${options[@]}" -q update || return 1
  (cd "$scratch" && run apt-get "${options[@]}" -q download wireguard-go) || return 1
  mkdir -p "$(dirname "$unpacked")"
  run dpkg -x "$scratch"/wireguard-go_*.deb "$scratch/tree"
  mv "$scratch/tree" "$unpacked"
}

if command -v wireguard-go >/dev/null || [[ -x $unpacked/usr/bin/wireguard-go ]]; then
  exit 0
fi
if dpkg --compare-versions "$(candidate)" ge "$first_with_offloads" || ! unpack_from_backports; then
  DEBIAN_FRONTEND=noninteractive run apt-get install -y -q --no-install-recommends wireguard-go ||
    say 'wireguard-go is not to be had: the comparison goes without it'
fi
