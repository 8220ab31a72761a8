#!/bin/sh
# Builds the images of agent and controller with buildah, and prints their sizes.
#
#   deploy/image/build.sh [--base IMAGE | --debootstrap SUITE] [--output DIR] [--tag TAG]
#
#   --base IMAGE         a Debian or Ubuntu image to build on (default: docker.io/library/debian:bookworm-slim)
#   --debootstrap SUITE  make that base by debootstrap (bookworm, trixie), where no registry is reachable
#   --output DIR         also leave there, for each role: ROLE-rootfs/ (the image's files), ROLE.oci.tar.gz, ROLE.cdx.json (the SBOM)
#   --tag TAG            default: the version in package.json
#
# Needs root, buildah, and for --debootstrap also debootstrap. An image beyond its limit (controller 150 MB, agent 200 MB) fails the build.
set -eu

root=$(cd -- "${0%/*}/../.." && pwd)
base=docker.io/library/debian:bookworm-slim pull=missing suite='' output='' tag=''
mirror=${OVSDB_HA_DEBIAN_MIRROR:-http://deb.debian.org/debian}
fail () { echo "build: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case $1 in
    --base) base=${2:?}; shift ;;
    --debootstrap) suite=${2:?}; shift ;;
    --output) output=${2:?}; shift ;;
    --tag) tag=${2:?}; shift ;;
    *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
[ "$(id -u)" -eq 0 ] || fail 'it needs root'
command -v buildah > /dev/null || fail 'buildah is missing: deploy/bootstrap.sh --with-image installs it'
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$root/package.json")
[ -n "$tag" ] || tag=$version
revision=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)

work=$(mktemp -d)
storage=${OVSDB_HA_IMAGE_STORAGE:-/var/cache/ovsdb-ha/images}
mkdir -p "$storage"
# A storage of our own on plain directories, and processes in a chroot: this works in containers too, where overlays and namespaces may not.
bud () { command buildah --root "$storage/root" --runroot "$storage/run" --storage-driver vfs "$@"; }
clean () {
  [ -z "${container:-}" ] || bud rm "$container" > /dev/null 2>&1 || :
  rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -n "$suite" ]; then
  base=localhost/ovsdb-ha-base:$suite pull=never
  if ! bud inspect --type image "$base" > /dev/null 2>&1; then
    echo "build: debootstrap $suite"
    script=$suite
    [ -e "/usr/share/debootstrap/scripts/$script" ] || script=sid
    debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$suite" "$work/base" "$mirror" "$script" > "$work/debootstrap.log" 2>&1 < /dev/null || {
      tail -n 20 "$work/debootstrap.log" >&2
      fail 'debootstrap failed'
    }
    container=$(bud from scratch)
    bud add --quiet "$container" "$work/base" / > /dev/null
    bud commit --quiet "$container" "$base" > /dev/null
    bud rm "$container" > /dev/null
    container=''
    rm -rf --one-file-system "$work/base"
  fi
fi

mkdir "$work/context"
"$root/deploy/release-tree.sh" "$work/context/tree"
cp "$root/deploy/image/rootfs.sh" "$root/deploy/image/sbom.mjs" "$work/context/"

# Prints MB as images are sold: millions of bytes.
megabytes () { awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1000000 }'; }

for role in controller agent; do
  image=localhost/ovsdb-ha-$role:$tag
  # the docker format: that of OCI has no place for a health check
  bud build --quiet --format docker --isolation chroot --pull="$pull" --layers --target "$role" --build-arg "BASE=$base" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
    --tag "$image" --file "$root/deploy/image/Containerfile" "$work/context" > /dev/null ||
    fail "buildah could not build the $role"
  container=$(bud from --pull=never "$image")
  files=$(bud mount "$container")
  bytes=$(du -sb --apparent-size "$files" | cut -f 1)
  bud push --quiet "$image" "oci-archive:$work/$role.oci.tar"
  gzip -n "$work/$role.oci.tar"
  compressed=$(stat -c %s "$work/$role.oci.tar.gz")
  echo "build: $image: $(megabytes "$bytes") MB, compressed $(megabytes "$compressed") MB"
  case $role in controller) limit=150000000 ;; *) limit=200000000 ;; esac
  if [ -n "$output" ]; then
    mkdir -p "$output"
    rm -rf --one-file-system "$output/$role-rootfs"
    cp -a "$files" "$output/$role-rootfs"
    cp "$files/usr/share/ovsdb-ha/sbom.cdx.json" "$output/$role.cdx.json"
    mv "$work/$role.oci.tar.gz" "$output/"
  fi
  bud umount "$container" > /dev/null
  bud rm "$container" > /dev/null
  container=''
  [ "$bytes" -le "$limit" ] || fail "the $role has $(megabytes "$bytes") MB, and may have $(megabytes "$limit")"
done
