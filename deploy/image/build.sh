#!/bin/sh
# Builds the images of agent and controller with buildah, and prints their sizes.
#
#   deploy/image/build.sh [--base IMAGE | --debootstrap SUITE] [--output DIR] [--tag TAG] [--fresh]
#
#   --base IMAGE         a Debian or Ubuntu image to build on (default: docker.io/library/debian:bookworm-slim)
#   --debootstrap SUITE  make that base by debootstrap (bookworm, trixie), where no registry is reachable
#   --output DIR         also leave there, for each role: ROLE-rootfs/ (the image's files), ROLE.tar.gz (for `docker load`, `podman load` or
#                        `ctr images import`), ROLE.cdx.json (the SBOM). What is there and of the same content is left alone
#   --tag TAG            default: the version in package.json
#   --fresh              take base and packages anew, with their security updates, and not those of the last build
#
# Needs root, buildah, and for --debootstrap also debootstrap. An image beyond its limit (controller 150 MB, agent 200 MB) fails the build.
set -eu
umask 022

root=$(cd -- "${0%/*}/../.." && pwd)
base=docker.io/library/debian:bookworm-slim pull=missing suite='' output='' tag='' fresh=no
mirror=${OVSDB_HA_DEBIAN_MIRROR:-http://deb.debian.org/debian}
fail () { echo "build: $*" >&2; exit 1; }
usage () { sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2; }

while [ $# -gt 0 ]; do
  case $1 in
    --fresh) fresh=yes; shift; continue ;;
    --base|--debootstrap|--output|--tag) [ -n "${2:-}" ] || usage ;;
    *) usage ;;
  esac
  case $1 in
    --base) base=$2 ;;
    --debootstrap) suite=$2 ;;
    --output) output=$2 ;;
    --tag) tag=$2 ;;
  esac
  shift 2
done
[ "$(id -u)" -eq 0 ] || fail 'it needs root'
command -v buildah > /dev/null || fail 'buildah is missing: deploy/bootstrap.sh --with-image installs it'
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$root/package.json")
[ -n "$tag" ] || tag=$version
revision=$(git -C "$root" describe --always --abbrev=40 --match=none --dirty 2> /dev/null || echo unknown)
if [ -n "$suite" ]; then base=localhost/ovsdb-ha-base:$suite pull=never; fi

work=$(mktemp -d)
storage=${OVSDB_HA_IMAGE_STORAGE:-/var/cache/ovsdb-ha/images}
# A storage of our own, and processes in a chroot: this works in containers too, where namespaces may not be made. There overlays may not be
# mounted either: then layers are whole copies (vfs), which takes longer.
choose_driver () {
  try=$(mktemp -d "$storage/try.XXXXXX")
  mkdir "$try/lower" "$try/upper" "$try/work" "$try/all"
  driver=vfs
  if unshare --mount --propagation private mount -t overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" overlay "$try/all" 2> /dev/null; then driver=overlay; fi
  rm -rf "$try"
}
bud () { command buildah --root "$storage/$driver" --runroot "$storage/run-$driver" --storage-driver "$driver" "$@"; }
clean () {
  [ -z "${container:-}" ] || bud rm "$container" > /dev/null 2>&1 || :
  rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$storage"
exec 9> "$storage/lock"
flock 9 # two builds at a time would take each other's images
choose_driver

make_base () {
  echo "build: debootstrap $suite"
  script=$suite
  [ -e "/usr/share/debootstrap/scripts/$script" ] || script=sid # older releases of debootstrap lack the newest; all later ones are the same
  container=$(bud from scratch)
  files=$(bud mount "$container")
  # in a mount namespace of its own: what it mounts there never outlives it
  unshare --mount --propagation private debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$suite" "$files" "$mirror" "$script" > "$work/debootstrap.log" 2>&1 < /dev/null || {
    tail -n 20 "$work/debootstrap.log" >&2
    fail 'debootstrap failed'
  }
  printf 'deb %s %s main\n' "$mirror" "$suite" "$mirror-security" "$suite-security" > "$files/etc/apt/sources.list"
  rm -rf "$files"/var/cache/apt/archives/*.deb "$files"/var/lib/apt/lists/*
  bud umount "$container" > /dev/null
  bud commit --quiet --rm "$container" "$base" > /dev/null
  container=''
}

mkdir "$work/context"
"$root/deploy/release-tree.sh" "$work/context/tree"
cp "$root/deploy/image/rootfs.sh" "$root/deploy/image/sbom.mjs" "$root/deploy/image/Containerfile" "$work/context/"
content=$({ printf '%s\n' "$base" "$tag" "$revision"; cd "$work/context"; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; } | sha256sum | cut -d ' ' -f 1)

# The first line of this file is the content, the others are the sizes.
built=$output/built
if [ -n "$output" ] && [ "$fresh" = no ] && [ -e "$built" ] && [ "$(head -n 1 "$built")" = "$content" ]; then
  tail -n +2 "$built"
  echo "build: $output is of this content already"
  exit 0
fi

bud rm --all > /dev/null # what builds that were interrupted left
packages=localhost/ovsdb-ha-packages:$(printf '%s' "$base" | tr -c 'A-Za-z0-9.' -)
if [ "$fresh" = yes ]; then
  for image in "$packages" "$base"; do bud rmi --force "$image" > /dev/null 2>&1 || :; done
  bud rmi --prune > /dev/null
fi
[ -z "$suite" ] || bud inspect --type image "$base" > /dev/null 2>&1 || make_base

# Prints MB as images are sold: millions of bytes.
megabytes () { awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1000000 }'; }
# The docker format: that of OCI has no place for a health check.
build_target () { # TARGET IMAGE
  bud build --quiet --format docker --isolation chroot --pull="$pull" --layers --target "$1" --build-arg "BASE=$base" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
    --tag "$2" --file "$work/context/Containerfile" "$work/context" > "$work/build.log" 2>&1 || {
    tail -n 30 "$work/build.log" >&2
    fail "buildah could not build the $1"
  }
}

build_target packages "$packages" # its name keeps it, when what nobody names is thrown away below
[ -z "$output" ] || { mkdir -p "$output"; rm -f "$built"; }
for role in controller agent; do
  image=localhost/ovsdb-ha-$role:$tag
  build_target "$role" "$image"
  container=$(bud from --pull=never "$image")
  files=$(bud mount "$container")
  bytes=$(du -sb --apparent-size "$files" | cut -f 1)
  bud push --quiet "$image" "docker-archive:$work/$role.tar:$image"
  gzip -n "$work/$role.tar"
  compressed=$(stat -c %s "$work/$role.tar.gz")
  echo "build: $image: $(megabytes "$bytes") MB, compressed $(megabytes "$compressed") MB" | tee -a "$work/sizes"
  case $role in controller) limit=150000000 ;; *) limit=200000000 ;; esac
  if [ -n "$output" ]; then
    rm -rf --one-file-system "$output/$role-rootfs"
    cp -a "$files" "$output/$role-rootfs"
    cp "$files/usr/share/ovsdb-ha/sbom.cdx.json" "$output/$role.cdx.json"
    mv "$work/$role.tar.gz" "$output/"
  fi
  bud umount "$container" > /dev/null
  bud rm "$container" > /dev/null
  container=''
  [ "$bytes" -le "$limit" ] || fail "the $role has $(megabytes "$bytes") MB, and may have $(megabytes "$limit")"
done
bud rmi --prune > /dev/null # layers of builds before
[ -z "$output" ] || { echo "$content"; cat "$work/sizes"; } > "$built"
