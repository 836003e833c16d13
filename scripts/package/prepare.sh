#!/usr/bin/env bash
# What a package holds beside the sources: dist/, native/prebuilt/linux-ARCH/, share/ (manual pages, completions).
# `npm pack` calls it.
#
#   prepare.sh [ARCH …]    x64, arm64; without: x64 and arm64 as far as there are compilers for them
set -euo pipefail
cd "$(dirname "$0")/../.."

run() {
  echo "+ $*" >&2
  "$@"
}

declare -rA PREFIX=([x64]=x86_64-linux-gnu [arm64]=aarch64-linux-gnu)
own=$(node -p process.arch)

# Node's own headers, where they are installed beside it; node-gyp would download others.
node_prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
if [[ -e $node_prefix/include/node/node_api.h ]]; then export npm_config_nodedir=$node_prefix; fi

# prebuild ARCH: in a copy of native/, so that the addon of this checkout stays. N-API: one file for every Node.js.
prebuild() {
  local arch=$1 prefix=${PREFIX[$1]} work made=native/prebuilt/linux-$1/resip.node
  [[ ! -e $made || -n $(find native/binding.gyp native/src -newer "$made" -print -quit) ]] || return 0
  mkdir -p "$(dirname "$made")"
  if [[ $arch = "$own" && -e native/build/Release/resip.node ]]; then
    cp native/build/Release/resip.node "$made"
    run "$prefix-strip" --strip-unneeded "$made"
    return
  fi
  work=$(mktemp -d)
  cp -r native/binding.gyp native/src "$work"
  run env CC="$prefix-gcc" CXX="$prefix-g++" LINK="$prefix-g++" AR="$prefix-ar" \
    npx node-gyp rebuild --directory "$work" --arch="$arch" --silent >/dev/null
  cp "$work/build/Release/resip.node" "$made"
  rm -r "$work"
  run "$prefix-strip" --strip-unneeded "$made"
}

archs=("$@")
if [[ ${#archs[@]} -eq 0 ]]; then
  for arch in x64 arm64; do
    if command -v "${PREFIX[$arch]}-g++" >/dev/null; then
      archs+=("$arch")
    else
      echo "prepare: no addon for $arch, there is no ${PREFIX[$arch]}-g++ (apt-get install g++-${PREFIX[$arch]/x86_64/x86-64})" >&2
    fi
  done
fi

bash scripts/setup.sh --runtime
for arch in "${archs[@]}"; do prebuild "$arch"; done
run npx tsx scripts/package/write-docs.ts share
