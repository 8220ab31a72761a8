#!/bin/sh
# Inside the build: collects what one role needs into a root file system of its own.
#
#   rootfs.sh controller|agent TREE DIRECTORY
#
# TREE is what deploy/release-tree.sh laid out. Programs come with the libraries that the loader would take for them. Every file of the base
# that gets in belongs to a package, which the image names where scanners look (/var/lib/dpkg/status.d) and in its SBOM.
set -eu
role=$1 tree=$2 target=$3
build=${0%/*}
fail () { echo "rootfs: $*" >&2; exit 1; }

case $role in
  controller) user=10001 commands='' data='' ;;
  agent)
    user=0
    commands='tini ip nft arping ndptool ndisc6 ovsdb-server ovsdb-tool ovsdb-client'
    data='/usr/share/ovn/ovn-nb.ovsschema /usr/share/ovn/ovn-sb.ovsschema /usr/share/ovn/ovn-ic-nb.ovsschema /usr/share/ovn/ovn-ic-sb.ovsschema /usr/share/openvswitch/vtep.ovsschema /usr/share/openvswitch/vswitch.ovsschema' ;;
  *) fail "unknown role $role" ;;
esac

status=$target/var/lib/dpkg/status.d
mkdir -p "$status"
# bin, lib and so on are links into /usr, as in the base: each file has one place.
for link in bin sbin lib lib64; do
  [ -L "/$link" ] || continue
  mkdir -p "$target/usr/$link"
  ln -s "usr/$link" "$target/$link"
done

# Notes the package of a file, given as it lies (below /usr) and as it was asked for: packages name their files by either.
note_package () {
  for file in "$1" "${1#/usr}" "$2"; do
    package=$(dpkg-query -S "$file" 2> /dev/null | sed -n 's/^\([^ ,]*\): .*/\1/p' | head -n 1)
    [ -n "$package" ] || continue
    name=${package%:*}
    if [ ! -e "$status/$name" ]; then
      dpkg-query -s "$package" > "$status/$name"
      [ ! -e "/var/lib/dpkg/info/$package.md5sums" ] || cp "/var/lib/dpkg/info/$package.md5sums" "$status/$name.md5sums"
      mkdir -p "$target/usr/share/doc/$name"
      cp -L "/usr/share/doc/$name/copyright" "$target/usr/share/doc/$name/" || fail "$name has no copyright file"
    fi
    return 0
  done
  fail "$1 belongs to no package"
}

# Copies one file to where it is in the base, and a link with what it points to.
put () {
  [ -f "$1" ] || fail "$1 is not in the base"
  real=$(readlink -f "$1")
  place=$(readlink -f "${1%/*}")/${1##*/}
  if [ ! -e "$target$real" ]; then
    mkdir -p "$target${real%/*}"
    cp -a "$real" "$target$real"
    chmod ug-s "$target$real" # who needs more rights is root here already
    note_package "$real" "$1"
  fi
  [ "$place" = "$real" ] || [ -e "$target$place" ] || { mkdir -p "$target${place%/*}"; ln -s "$real" "$target$place"; }
}

put_libraries () {
  libraries=$(ldd "$1" 2> /dev/null | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p') || :
  for library in $libraries; do put "$library"; done
}

program=$target/opt/ovsdb-ha
mkdir -p "$program/bin"
cp -a "$tree/." "$program/"
# Node.js without the names of its own functions, which are a seventh of it; and the command of people, for which there is no shell.
rm -r "$program/node_modules/.bin" "$program/cli/ovsdb-ha"
strip --strip-all -o "$program/bin/node" "$tree/node_modules/.bin/node"
printf "#!/opt/ovsdb-ha/bin/node\nimport '../cli/main.ts'\n" > "$program/bin/ovsdb-ha"
chmod 755 "$program/bin/ovsdb-ha"
put_libraries "$program/bin/node"
# What the C library loads by itself to resolve names.
for library in $(ldconfig -p | sed -n 's/.*libnss_\(files\|dns\)\.so\.2 .* => //p'); do put "$library"; done
for command in $commands; do
  found=$(PATH="$PATH:/usr/sbin:/sbin" command -v "$command") || fail "$command is not in the base"
  put "$found"
  put_libraries "$found"
done
for file in $data; do put "$file"; done
if [ "$role" = agent ]; then # names of routing tables and protocols
  for file in $(find /etc/iproute2 /usr/share/iproute2 -type f 2> /dev/null); do put "$file"; done
fi
put /etc/os-release

mkdir -p "$target/etc/ovsdb-ha" "$target/var/lib/ovsdb-ha" "$target/run/ovsdb-ha" "$target/proc" "$target/sys" "$target/dev" "$target/root"
mkdir -m 1777 "$target/tmp"
printf 'root:x:0:0:root:/root:/sbin/nologin\novsdb-ha:x:10001:10001:ovsdb-ha:/var/lib/ovsdb-ha:/sbin/nologin\n' > "$target/etc/passwd"
printf 'root:x:0:\novsdb-ha:x:10001:\n' > "$target/etc/group"
printf 'hosts: files dns\n' > "$target/etc/nsswitch.conf"
chown "$user:$user" "$target/var/lib/ovsdb-ha"

# Types are stripped now, and not when an agent must be back within its lease (ADR 4): the root may be read-only then. By the image's
# user, since Node.js keeps what it compiled apart for each. The daemon loads all that it is made of, and then misses its file.
cache=$program/node_modules/.cache/ovsdb-ha
mkdir -p "$cache"
chown "$user:$user" "$cache"
case $role in agent) daemon='agent --node warm' ;; *) daemon=controller ;; esac
said=$(chroot --userspec="$user:$user" "$target" /opt/ovsdb-ha/bin/node /opt/ovsdb-ha/cli/main.ts $daemon --config /absent 2>&1) || :
case $said in OVSDB_HA_*/absent*) ;; *) fail "the $role does not start in its own root: $said" ;; esac
[ -n "$(ls -A "$cache")" ] || fail 'nothing was compiled ahead'
chown -R 0:0 "$cache"
chmod -R u=rwX,go=rX "$cache"

"$program/bin/node" "$build/sbom.mjs" "$role" "$target"
