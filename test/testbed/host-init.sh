# First process of a testbed's host (bash, which reaps every child that it inherits). In mount and pid namespaces of its
# own it makes a private /run, in which /run/ovsdb-ha is the host's own disk, and stays until it is killed.
set -e
directory=$1 host=$2 shared=$3
run=$directory/mountpoint
mount -t tmpfs -o mode=755,size=16m private-run "$run"
mkdir -p "$run/ovsdb-ha" "$run/${shared#/run/}"
mount --rbind "$directory/hosts/$host" "$run/ovsdb-ha"
mount --bind "$shared" "$run/${shared#/run/}"
mount --rbind "$run" /run
mount -t sysfs sysfs /sys
printf %s "$host" > /proc/sys/kernel/hostname
trap '' INT TERM HUP
: > /run/ovsdb-ha/up
while :; do sleep 86400 || :; done
