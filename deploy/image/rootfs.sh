#!/bin/sh
# Inside the build: collects what one role needs into a root file system of its own.
#
#   rootfs.sh controller|agent DIRECTORY
#
# Programs come with the libraries that the loader would take for them, and all of it is in the image's SBOM with the package it is from.
set -eu
role=$1 target=$2
program=/opt/ovsdb-ha

case $role in
  controller) commands='' data='' ;;
  agent)
    commands='/usr/bin/tini ip nft arping ndptool ndisc6 ovsdb-server ovsdb-tool'
    data='/usr/share/openvswitch/*.ovsschema /usr/share/ovn/*.ovsschema /etc/iproute2 /usr/share/iproute2' ;;
  *) echo "rootfs: unknown role $role" >&2; exit 2 ;;
esac

mkdir -p "$target"
packages=$(mktemp)
# bin, lib and so on are links into /usr, as in the base: each file has one place.
for link in bin sbin lib lib64; do
  [ -L "/$link" ] || continue
  mkdir -p "$target/usr/$link"
  ln -s "usr/$link" "$target/$link"
done

# Copies one file to where it is in the base, a link with what it points to, and notes its package.
put () {
  real=$(readlink -f "$1")
  [ -e "$target$real" ] || { mkdir -p "$target${real%/*}"; cp -a "$real" "$target$real"; }
  place=$(readlink -f "${1%/*}")/${1##*/}
  [ "$place" = "$real" ] || [ -e "$target$place" ] || { mkdir -p "$target${place%/*}"; ln -s "$real" "$target$place"; }
  for file in "$real" "$1" "${real#/usr}"; do
    dpkg-query -S "$file" 2>/dev/null | sed -n 's/^\([^ ,]*\): .*/\1/p' && break
  done >> "$packages"
}

put_program () {
  put "$1"
  ldd "$1" 2>/dev/null | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | while IFS= read -r library; do put "$library"; done
}

mkdir -p "$target/opt" "$target/opt/ovsdb-ha/bin"
cp -a "$program/." "$target/opt/ovsdb-ha/"
# One copy of Node.js: the command of people in the container finds it too.
mv "$target/opt/ovsdb-ha/node_modules/.bin/node" "$target/opt/ovsdb-ha/bin/node"
ln -s ../../bin/node "$target/opt/ovsdb-ha/node_modules/.bin/node"
ldd "$program/node_modules/.bin/node" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | while IFS= read -r library; do put "$library"; done
for command in $commands; do
  found=$(PATH="$PATH:/usr/sbin:/sbin" command -v "$command") || { echo "rootfs: $command is not in the base" >&2; exit 1; }
  put_program "$found"
done
for file in $data; do
  [ -e "$file" ] || continue
  mkdir -p "$target${file%/*}"
  cp -aL "$file" "$target${file%/*}/"
done

mkdir -p "$target/etc/ovsdb-ha" "$target/var/lib/ovsdb-ha" "$target/run/ovsdb-ha" "$target/proc" "$target/sys" "$target/dev" "$target/root"
mkdir -m 1777 "$target/tmp"
printf 'root:x:0:0:root:/root:/sbin/nologin\novsdb-ha:x:10001:10001:ovsdb-ha:/var/lib/ovsdb-ha:/sbin/nologin\n' > "$target/etc/passwd"
printf 'root:x:0:\novsdb-ha:x:10001:\n' > "$target/etc/group"
printf 'hosts: files dns\n' > "$target/etc/nsswitch.conf"
[ "$role" = agent ] || chown 10001:10001 "$target/var/lib/ovsdb-ha"

# Types are stripped now, and not when an agent must be back within its lease (ADR 4): the root may be read-only then.
for daemon in 'agent --node warm' controller; do
  chroot "$target" /opt/ovsdb-ha/bin/node /opt/ovsdb-ha/cli/main.ts $daemon --config /dev/null > /dev/null 2>&1 || :
done
[ -d "$target/opt/ovsdb-ha/node_modules/.cache" ] || { echo 'rootfs: the program does not start in its own root' >&2; exit 1; }

mkdir -p "$target/usr/share/ovsdb-ha"
LC_ALL=C sort -u "$packages" | while IFS= read -r package; do
  dpkg-query -W -f='${Package}\t${Version}\t${Architecture}\n' "$package"
done > "$target/usr/share/ovsdb-ha/packages.tsv"
rm -f "$packages"
"$program/node_modules/.bin/node" /build/sbom.mjs "$role" "$program" "$target/usr/share/ovsdb-ha"
