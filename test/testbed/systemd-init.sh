# A host that is booted by systemd: pid 1 in namespaces of its own. Its root is the machine's own as an overlay, in which what the
# machine has configured (services, databases, home directories) is not to be seen. bash systemd-init.sh DISK HOST SHARED TREE
set -e
disk=$1 host=$2 shared=$3 tree=$4
root=$disk/root
mkdir -p "$disk"/{upper,work,root,lasting/{home,ovn,openvswitch,log}}
mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root"
if [ ! -e "$disk/made" ]; then
  rm -rf "$root"/etc/systemd/system/* "$root/usr/sbin/policy-rc.d" "$root/usr/local/bin/ovsdb-ha"
  : > "$root/etc/machine-id"; echo "$host" > "$root/etc/hostname"; : > "$root/etc/fstab"
  # of the machine, not of a host: consoles, clocks, kernel modules and settings
  for unit in getty@.service console-getty.service systemd-logind.service systemd-udevd.service systemd-sysctl.service systemd-modules-load.service systemd-random-seed.service systemd-timesyncd.service \
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount; do ln -s /dev/null "$root/etc/systemd/system/$unit"; done
  mkdir -p "$root"/{proc,sys,dev,run,tmp,var/lib/ovn,var/lib/openvswitch,var/log,exchange}
fi
mount --bind "$disk/lasting/home" "$root/root"
mount --bind "$disk/lasting/ovn" "$root/var/lib/ovn"
mount --bind "$disk/lasting/openvswitch" "$root/var/lib/openvswitch"
mount --bind "$disk/lasting/log" "$root/var/log"
mount --bind "$shared" "$root/exchange"
mkdir -p "$root/root/ovsdb-ha"
mount --bind "$tree" "$root/root/ovsdb-ha"
mount -o remount,bind,ro "$root/root/ovsdb-ha"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom tty; do : > "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mkdir "$root"/dev/{pts,shm}
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"; ln -s fd/1 "$root/dev/stdout"; ln -s fd/2 "$root/dev/stderr"
: > "$disk/made"
hostname "$host"
cd "$root"
mkdir -p oldroot
pivot_root . oldroot
umount -l /oldroot
exec env -i container=ovsdb-ha-testbed PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  /usr/lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=no
