# Runs a program in the root file system of a container image, as a container would: the root is read-only, the kernel's file systems and
# the host's /run are there. For machines that have no container engine.
#   bash image-run.sh ROOT UID COMMAND...
set -e
root=$1 uid=$2
shift 2
if [ "${OVSDB_HA_IMAGE_RUN:-}" != inside ]; then
  export OVSDB_HA_IMAGE_RUN=inside
  exec unshare --mount --propagation private bash "$0" "$root" "$uid" "$@"
fi
unset OVSDB_HA_IMAGE_RUN
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
for directory in proc sys dev run; do mount --rbind "/$directory" "$root/$directory"; done
# the agent's image has a volume there, the controller's has none
[ "$uid" != 0 ] || mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/tmp"
exec chroot --userspec="$uid:$uid" "$root" "$@"
