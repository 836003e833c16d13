#!/usr/bin/env bash
# Builds the Debian package of one architecture from what `npm pack` would take and the packages that it depends on.
#
#   deb.sh [amd64|arm64] [FOLDER]    writes FOLDER/resip-vpn_VERSION_ARCH.deb (here, out/) and prints its path
#
# Nothing is fetched: the node_modules/ of this checkout are the ones that were tested.
set -euo pipefail
cd "$(dirname "$0")/../.."

die() {
  echo "deb: $*" >&2
  exit 1
}

declare -rA PREFIX=([amd64]=x86_64-linux-gnu [arm64]=aarch64-linux-gnu)

deb_arch=${1:-$(dpkg --print-architecture)}
out=${2:-out}
case $deb_arch in
  amd64) arch=x64 ;;
  arm64) arch=arm64 ;;
  *) die "there is no addon for $deb_arch" ;;
esac
version=$(node -p 'require("./package.json").version')
# Two packages of one commit are the same, byte by byte.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y package.json)}
export SOURCE_DATE_EPOCH

bash scripts/package/prepare.sh "$arch" >&2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
umask 022

lib=$root/usr/lib/resip-vpn
mkdir -p "$lib/native/prebuilt" "$lib/scripts" "$root/usr/bin"
cp -r dist package.json systemd "$lib"
cp -r "native/prebuilt/linux-$arch" "$lib/native/prebuilt"
# The programs among the files of the npm package; what that is installed with has no use here.
node -p 'require("./package.json").files.filter((name) => /^scripts\/(hooks|.*\.sh)$/.test(name)).join("\n")' |
  xargs -d '\n' cp -r --target-directory="$lib/scripts"
rm -f "$lib/dist/.built"
ln -s ../lib/resip-vpn/dist/main.js "$root/usr/bin/resip-vpn"

# What it depends on, and what that depends on.
npm ls --omit=dev --all --parseable 2>/dev/null | sed 1d | while read -r path; do
  inside=${path#"$PWD"/}
  mkdir -p "$lib/$(dirname "$inside")"
  cp -r --no-target-directory "$path" "$lib/$inside"
done
# Neither types, sources, maps and manuals nor the parts for other processors and for building.
find "$lib" -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '.*' \) -delete
find "$lib/node_modules" -type f \( -iname '*.md' ! -iname 'license*' -o -name '*.html' \) -delete
find "$lib/node_modules" -depth -type d \( -name @types -o -name node-addon-api -o -path '*/zod/src' -o -path '*/netlink/src' \) -exec rm -r {} +
find "$lib/node_modules/netlink/prebuilds" -mindepth 1 -maxdepth 1 ! -name "linux-$arch" -exec rm -r {} +
"${PREFIX[$deb_arch]}-strip" --strip-unneeded "$lib/node_modules/netlink/prebuilds/linux-$arch"/*.node
find "$lib" -type f ! -path "$lib/scripts/*" -exec chmod 644 {} +
chmod 755 "$lib/dist/main.js"
find "$lib" -depth -type d -empty -delete

mkdir -p "$root"/usr/lib/{systemd/system,sysusers.d} "$root"/usr/share/{polkit-1/rules.d,doc/resip-vpn}
mv "$lib"/systemd/*.service "$root/usr/lib/systemd/system"
mv "$lib/systemd/resip-vpn.sysusers" "$root/usr/lib/sysusers.d/resip-vpn.conf"
mv "$lib/systemd/50-resip-vpn.rules" "$root/usr/share/polkit-1/rules.d"
rmdir "$lib/systemd"
cp -r share/{bash-completion,zsh,fish} "$root/usr/share"
mkdir -p "$root/usr/share/man"
cp -r share/man/* "$root/usr/share/man"
find "$root/usr/share/man" -type f -exec gzip -9n {} +
cp LICENSE "$root/usr/share/doc/resip-vpn/copyright"
gzip -9nc README.md >"$root/usr/share/doc/resip-vpn/README.md.gz"
printf 'resip-vpn (%s) stable; urgency=medium\n\n  * See README.md.\n\n -- resip-vpn <maintainers@resip-vpn.example.org>  %s\n' \
  "$version" "$(date -Ru -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$root/usr/share/doc/resip-vpn/changelog.gz"

mkdir "$root/DEBIAN"
cp scripts/package/debian/* "$root/DEBIAN"
chmod 755 "$root"/DEBIAN/{postinst,prerm,postrm}
size=$(du -sk "$root/usr" | cut -f1)
sed -e "s/@VERSION@/$version/; s/@ARCH@/$deb_arch/; s/@SIZE@/$size/" -i "$root/DEBIAN/control"
find "$root" -type d -exec chmod 755 {} +
chmod -R go+rX "$root"
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +

mkdir -p "$out"
deb=$out/resip-vpn_${version}_$deb_arch.deb
dpkg-deb --root-owner-group -Z"${DEB_COMPRESSION:-xz}" --build "$root" "$deb" >&2
echo "$deb"
