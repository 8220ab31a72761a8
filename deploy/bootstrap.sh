#!/bin/sh
# Installs what a Debian or Ubuntu machine with Node.js and npm lacks to run, test and demonstrate ovsdb-ha.
#
#   deploy/bootstrap.sh [--quiet] [--with-trixie] [--with-helm] [--with-image]
#     --quiet        say nothing when there is nothing to do
#     --with-trixie  also make a second Open vSwitch (Debian trixie's 3.5) to test against, a tree in
#                    $OVSDB_HA_TRIXIE (default /var/cache/ovsdb-ha/trixie)
#     --with-helm    also build Helm from its Go module, with the schemas of Kubernetes that it is made of, into
#                    $OVSDB_HA_HELM (default /var/cache/ovsdb-ha/helm-VERSION); needs Go 1.24 or later
#     --with-image   also install what deploy/image/build.sh needs
#
# It can be run again at any time: what is there is left alone. Installing packages needs root; without it the
# packages are named and the exit code is 1. Debian's packages start Open vSwitch, OVN, Redis, Prometheus, HAProxy and
# keepalived as system services where they may; here they may not.
set -eu

packages='openvswitch-switch openvswitch-common ovn-central ovn-common ovn-host nftables iproute2
  iputils-arping iputils-ping libndp-tools ndisc6 openssl procps spin gcc libc6-dev redis-server redis-sentinel
  prometheus haproxy keepalived curl systemd perl-base'
# What builds the container images.
image_packages='buildah debootstrap debian-archive-keyring'
# One command of each package, for machines without dpkg.
commands='ovs-vswitchd ovs-appctl ovn-northd ovn-nbctl ovn-controller nft ip arping ping ndptool ndisc6 openssl ps spin gcc redis-server redis-sentinel promtool haproxy keepalived curl systemd-notify perl'
trixie=${OVSDB_HA_TRIXIE:-/var/cache/ovsdb-ha/trixie}
# test/chart/helm.ts names the same version
helm_version=v3.19.5
kubectl_version=v0.34.2
helm=${OVSDB_HA_HELM:-/var/cache/ovsdb-ha/helm-$helm_version}
mirror=${OVSDB_HA_DEBIAN_MIRROR:-http://deb.debian.org/debian}
policy=/usr/sbin/policy-rc.d
policy_is_ours=no
root=$(cd -- "${0%/*}/.." && pwd)
PATH="$PATH:/usr/sbin:/sbin"

quiet=no
with_trixie=no
with_image=no
with_helm=no
did_something=no
for argument in "$@"; do
  case $argument in
    --quiet) quiet=yes ;;
    --with-trixie) with_trixie=yes ;;
    --with-helm) with_helm=yes ;;
    --with-image) with_image=yes ;;
    *) echo "bootstrap: unknown option $argument (known: --quiet, --with-trixie, --with-helm, --with-image)" >&2; exit 2 ;;
  esac
done

say () { did_something=yes; echo "bootstrap: $*"; }
fail () { echo "bootstrap: $*" >&2; exit 1; }

# Prints those of its arguments that are not installed.
lacking () {
  installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null || :)"
  for package in "$@"; do
    case $installed in *" installed:$package "*) ;; *) printf '%s ' "$package" ;; esac
  done
}

restore_services () {
  if [ "$policy_is_ours" = yes ]; then
    rm -f "$policy"
    policy_is_ours=no
  fi
}
trap restore_services EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A policy that is there already is the machine owner's and is obeyed.
hold_services () {
  if [ ! -e "$policy" ]; then
    policy_is_ours=yes
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
  fi
}

running_services () {
  [ -d /run/systemd/system ] || return 0
  systemctl list-units --plain --no-legend --state=active 'openvswitch*' 'ovs*' 'ovn*' 'redis*' 'prometheus*' 'haproxy*' 'keepalived*' 2>/dev/null | cut -d ' ' -f 1
}

# Where the machine's own policy let the new services start, they are stopped again; those that ran before go on.
stop_new_services () {
  for unit in $(running_services); do
    case " $1 " in
      *" $unit "*) ;;
      *) systemctl stop "$unit" || say "could not stop $unit, which the installation started" ;;
    esac
  done
}

install_packages () {
  [ "$(id -u)" -eq 0 ] || fail "these packages are missing, and installing them needs root:
  apt-get install --no-install-recommends $*"
  command -v apt-get > /dev/null || fail "these Debian packages are missing, and this machine has no apt-get: $*"
  services_before=$(running_services | tr '\n' ' ')
  hold_services
  say "installing $*"
  log=$(mktemp)
  if ! { apt-get -q -o DPkg::Lock::Timeout=300 update &&
         DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
           install --no-install-recommends "$@"; } > "$log" 2>&1 < /dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "apt-get could not install: $*"
  fi
  rm -f "$log"
  restore_services
  stop_new_services "$services_before"
}

bootstrap_packages () {
  if ! command -v dpkg-query > /dev/null; then
    for command in $commands; do
      command -v "$command" > /dev/null || fail "$command is not here; what is needed is in the Debian packages" $packages
    done
    return 0
  fi
  missing=$(lacking $packages)
  [ -z "$missing" ] || install_packages $missing
}

# npm writes node_modules/.package-lock.json last: it is newer than the lock file only after a whole installation.
node_modules_are_current () {
  [ -x node_modules/.bin/node ] && [ node_modules/.package-lock.json -nt package-lock.json ]
}

# Two runs in one tree at the same time must not empty it under each other, hence the lock.
bootstrap_node_modules () {
  cd "$root"
  node_modules_are_current && return 0
  command -v npm > /dev/null || fail 'npm is missing: install Node.js (20 or newer) with npm first'
  (
    flock 9
    node_modules_are_current && exit 0
    echo 'bootstrap: npm ci'
    npm ci --no-audit --no-fund --loglevel=error < /dev/null 9<&-
    touch node_modules/.package-lock.json
    # Without its install script (ignore-scripts) the dependency `node` is an empty shell.
    [ -x node_modules/.bin/node ] || fail 'npm ci ran, and node_modules/.bin/node is not there: are install scripts forbidden (npm config get ignore-scripts)?'
  ) 9< package-lock.json
  did_something=yes
}

bootstrap_trixie () {
  [ ! -x "$trixie/usr/sbin/ovsdb-server" ] || return 0
  [ "$(id -u)" -eq 0 ] || fail "making a trixie tree in $trixie needs root (debootstrap)"
  missing=$(lacking debootstrap debian-archive-keyring)
  [ -z "$missing" ] || install_packages $missing
  mkdir -p "${trixie%/*}"
  (
    flock 9
    [ ! -x "$trixie/usr/sbin/ovsdb-server" ] || exit 0
    [ ! -e "$trixie" ] || fail "$trixie exists and holds no ovsdb-server: remove it, or set OVSDB_HA_TRIXIE to another directory"
    echo "bootstrap: debootstrap trixie with Open vSwitch into $trixie (about a minute, 300 MB)"
    rm -rf --one-file-system "$trixie.tmp"
    # Older releases of debootstrap have no script for trixie; all later ones are the same.
    script=trixie
    [ -e "/usr/share/debootstrap/scripts/$script" ] || script=sid
    if ! debootstrap --variant=minbase --include=openvswitch-switch,ovn-central,ovn-common \
      --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
      trixie "$trixie.tmp" "$mirror" "$script" > "$trixie.log" 2>&1 < /dev/null 9<&-; then
      tail -n 20 "$trixie.log" >&2
      fail "debootstrap failed; its whole output is in $trixie.log"
    fi
    rm -rf "$trixie.tmp/var/cache/apt/archives" "$trixie.log"
    mv "$trixie.tmp" "$trixie"
  ) 9> "$trixie.lock"
  did_something=yes
}

# Modules come through Go's own proxy and are checked against its sums. The directory gets its name last: it is whole or absent.
bootstrap_helm () {
  [ ! -x "$helm/helm" ] || return 0
  PATH="$PATH:/usr/local/go/bin"
  command -v go > /dev/null || fail 'building helm needs Go 1.24 or later (https://go.dev/dl/), and there is no go'
  mkdir -p "${helm%/*}"
  (
    flock 9
    [ ! -x "$helm/helm" ] || exit 0
    [ ! -e "$helm" ] || fail "$helm exists and holds no helm: remove it, or set OVSDB_HA_HELM to another directory"
    echo "bootstrap: building helm $helm_version into $helm (some minutes of processor time, 1 GB for the while)"
    rm -rf --one-file-system "$helm.tmp"
    mkdir -p "$helm.tmp/go"
    export GOPATH="$helm.tmp/go" GOCACHE="$helm.tmp/cache" GOBIN="$helm.tmp" GOFLAGS=-modcacherw CGO_ENABLED=0
    if ! { go install -trimpath -ldflags='-s -w' "helm.sh/helm/v3/cmd/helm@$helm_version" &&
           go mod download "k8s.io/kubectl@$kubectl_version"; } > "$helm.log" 2>&1 < /dev/null 9<&-; then
      tail -n 20 "$helm.log" >&2
      fail "building helm failed; its whole output is in $helm.log"
    fi
    cp "$helm.tmp/go/pkg/mod/k8s.io/kubectl@$kubectl_version/testdata/openapi/swagger.json" "$helm.tmp/kubernetes.json"
    chmod 644 "$helm.tmp/kubernetes.json"
    rm -rf "$helm.tmp/go" "$helm.tmp/cache" "$helm.log"
    mv "$helm.tmp" "$helm"
  ) 9> "$helm.lock"
  did_something=yes
}

[ "$with_image" = no ] || packages="$packages $image_packages"
bootstrap_packages
bootstrap_node_modules
[ "$with_trixie" = no ] || bootstrap_trixie
[ "$with_helm" = no ] || bootstrap_helm
if [ "$quiet" = no ] && [ "$did_something" = no ]; then
  echo 'bootstrap: everything is here'
fi
