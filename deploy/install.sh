#!/bin/sh
# Installs ovsdb-ha on this host as systemd services: the program under /opt/ovsdb-ha, configuration in /etc/ovsdb-ha, state in /var/lib.
#
#   deploy/install.sh --node NAME [--witness] [--controller] [OPTIONS]     an agent (or a witness) for node NAME, and a controller
#   deploy/install.sh --controller [OPTIONS]                               a controller alone
#   deploy/install.sh --uninstall [--purge] [OPTIONS]                      the reverse; the configuration and the data stay
#
#   --node NAME     this host's name in cluster.yaml; only when it is first installed
#   --witness       the node only votes
#   --controller    a controller runs here too
#   --purge         with --uninstall: also /etc/ovsdb-ha and the data in /var/lib. Refused while databases run
#   --dry-run       print what would be done, and do nothing
#   --root DIR      install into the tree under DIR: no service is enabled, started or stopped, and no user is made
#
# It can be run again at any time: what is as it should be is left alone, and so is your configuration. Run from a newer tree it is the
# upgrade: services that run are restarted, which moves no active and interrupts no client. One node after the other.
set -eu
umask 022
PATH="$PATH:/usr/sbin:/sbin"

tree=$(cd -- "${0%/*}/.." && pwd)
node='' role=agent controller=no action=install purge=no dry=no root=''
changed=no

fail () { echo "install: $*" >&2; exit 1; }
usage () { echo "install: $*" >&2; sed -n '4,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
say () { changed=yes; echo "install: $*"; }
# Says what is done, and does it unless it is only asked for.
act () { say "$*"; [ "$dry" = yes ] || "$@"; }

while [ $# -gt 0 ]; do
  case $1 in
    --node) [ $# -ge 2 ] || usage '--node needs a name'; node=$2; shift ;;
    --root) [ $# -ge 2 ] || usage '--root needs a directory'; root=${2%/}; shift ;;
    --witness) role=witness ;;
    --controller) controller=yes ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    --dry-run) dry=yes ;;
    -h|--help) sed -n '2,19s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) usage "unknown option $1" ;;
  esac
  shift
done
case $node in *[!A-Za-z0-9._-]*) usage "--node $node is no name of a node" ;; esac
[ "$purge" = no ] || [ "$action" = uninstall ] || usage '--purge goes with --uninstall'

opt=$root/opt/ovsdb-ha
etc=$root/etc/ovsdb-ha
units=$root/etc/systemd/system
var=$root/var/lib/ovsdb-ha
controller_var=$root/var/lib/ovsdb-ha-controller
command=$root/usr/local/bin/ovsdb-ha
all_units='ovsdb-ha-agent.service ovsdb-ha-witness.service ovsdb-ha-controller.service'

# What was installed before is upgraded, whatever is named this time.
[ ! -e "$units/ovsdb-ha-controller.service" ] || controller=yes
[ ! -e "$units/ovsdb-ha-witness.service" ] || role=witness
if [ "$role" = witness ] && [ -e "$units/ovsdb-ha-agent.service" ] && [ "$action" = install ]; then fail 'this host has a data node already: uninstall it before it becomes a witness'; fi

# The host's own service manager and users are touched only where the host itself is installed.
is_host () { [ -z "$root" ]; }
has_systemd () { is_host && [ -d /run/systemd/system ]; }
if is_host && [ "$dry" = no ] && [ "$(id -u)" -ne 0 ]; then fail 'installing needs root (or --root DIR, or --dry-run)'; fi

make_directory () { # MODE PATH [GROUP]
  [ -d "$2" ] || act install -d -m "$1" "$2"
  if [ $# -eq 3 ] && is_host && [ -d "$2" ] && [ "$(stat -c %G "$2")" != "$3" ]; then act chgrp "$3" "$2"; fi
}

put_file () { # SOURCE TARGET: when it differs
  cmp -s "$1" "$2" || act install -m 0644 "$1" "$2"
}

# An agent that restarts must be back within its lease (ADR 4): types are stripped now, and not at its start. Node.js keeps what it
# compiled apart for each user, and the user of witnesses and controllers cannot write there later.
compile_ahead () { # RELEASE
  compiled=$1/node_modules/.cache/ovsdb-ha
  install -d -m 0755 "$compiled"
  for as in '' 'setpriv --reuid ovsdb-ha --regid ovsdb-ha --clear-groups'; do
    [ -z "$as" ] || chown ovsdb-ha "$compiled"
    for daemon in 'agent --node warm' controller; do $as "$1/cli/ovsdb-ha" $daemon --config /dev/null > /dev/null 2>&1 || :; done
  done
  chown -R 0:0 "$compiled"
  chmod -R u=rwX,go=rX "$compiled"
}

# A release lies in a directory that is named by its content, and `current` points to one: what runs keeps its own files.
install_program () {
  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' EXIT
  "$tree/deploy/release-tree.sh" "$stage/tree"
  version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$tree/package.json")
  digest=$(cd "$stage/tree" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-12)
  release=releases/$version-$digest
  if [ ! -d "$opt/$release" ]; then
    make_directory 0755 "$opt/releases"
    rm -rf "$opt/$release.part"
    act cp -R "$stage/tree" "$opt/$release.part"
    act mv "$opt/$release.part" "$opt/$release"
    if is_host && [ "$dry" = no ]; then compile_ahead "$opt/$release"; fi
  fi
  previous=$(readlink "$opt/current" 2>/dev/null || :)
  if [ "$previous" != "$release" ]; then
    act ln -sfn "$release" "$opt/current.new"
    act mv -T "$opt/current.new" "$opt/current" # at once: there is no moment without a program
    program_is_new=yes
  fi
  # The one before stays, for what still runs from it and for going back.
  for old in "$opt"/releases/*; do
    case $old in "$opt/$release"|"$opt/${previous:-$release}"|"$opt/releases/*") ;; *) act rm -rf "$old" ;; esac
  done
}

make_user () {
  is_host || return 0
  getent group ovsdb-ha > /dev/null || act groupadd --system ovsdb-ha
  getent passwd ovsdb-ha > /dev/null || act useradd --system --gid ovsdb-ha --home-dir /var/lib/ovsdb-ha-controller --no-create-home --shell /usr/sbin/nologin ovsdb-ha
}

configure () {
  group=ovsdb-ha
  make_directory 0750 "$etc" $group
  make_directory 0750 "$etc/tls" $group
  make_directory 0750 "$etc/tokens" $group
  put_file "$tree/docs/examples/ovn-three-nodes.yaml" "$etc/cluster.yaml.example"
  if [ -z "$node" ] && [ "$controller" = yes ]; then return 0; fi
  known=$(sed -n 's/^OVSDB_HA_NODE=//p' "$etc/agent.env" 2>/dev/null || :)
  [ -n "$node" ] || node=$known
  [ -n "$node" ] || usage 'which node of cluster.yaml is this? Give --node NAME (or --controller for a host that is none)'
  # A node that changes its name would vote twice: once under each.
  if [ -n "$known" ] && [ "$known" != "$node" ]; then fail "this host is node $known already ($etc/agent.env), not $node: uninstall it first, and look into docs/guide/operating.md before you reuse its state"; fi
  [ "$known" = "$node" ] || {
    say "write OVSDB_HA_NODE=$node to $etc/agent.env"
    [ "$dry" = yes ] || printf '# The name of this host in cluster.yaml.\nOVSDB_HA_NODE=%s\n' "$node" > "$etc/agent.env"
  }
}

chosen_units () {
  [ -z "$node" ] || echo "ovsdb-ha-$role.service"
  [ "$controller" = no ] || echo ovsdb-ha-controller.service
}

# OVN's own database services would hold the ports and files that are ours now. They are named, not touched: stopping them is an outage.
warn_of_ovn () {
  [ "$role" = agent ] && [ -n "$node" ] && has_systemd || return 0
  for unit in ovn-ovsdb-server-nb.service ovn-ovsdb-server-sb.service ovn-central.service ovn-northd.service; do
    systemctl is-enabled --quiet "$unit" 2>/dev/null || continue
    case $unit in
      ovn-northd.service) echo "install: note: $unit is enabled. On Red Hat's systems it starts the databases too, unless OVN_NORTHD_OPTS in /etc/sysconfig/ovn says --ovn-manage-ovsdb=no" ;;
      *) echo "install: note: $unit is enabled and starts databases of its own: systemctl disable --now $unit, once their files are where cluster.yaml says" ;;
    esac
  done
}

start_services () {
  has_systemd || return 0
  [ "$units_are_new" = no ] || act systemctl daemon-reload
  for unit in $(chosen_units); do
    systemctl is-enabled --quiet "$unit" 2>/dev/null || act systemctl enable "$unit"
    if [ ! -e "$etc/cluster.yaml" ]; then
      echo "install: note: $unit starts when there is $etc/cluster.yaml (see cluster.yaml.example beside it): systemctl start $unit"
    elif ! systemctl is-active --quiet "$unit"; then act systemctl start "$unit"
    elif [ "$program_is_new" = yes ] || [ "$units_are_new" = yes ]; then act systemctl restart "$unit"
    fi
  done
}

install_all () {
  program_is_new=no units_are_new=no
  if [ -z "$node" ] && [ "$controller" = no ] && [ ! -e "$etc/agent.env" ]; then usage 'say what runs here: --node NAME, --controller, or both'; fi
  make_user
  configure
  make_directory 0711 "$var"
  [ "$controller" = no ] || make_directory 0700 "$controller_var"
  install_program
  make_directory 0755 "$units"
  for unit in $(chosen_units); do
    cmp -s "$tree/deploy/systemd/$unit" "$units/$unit" && continue
    put_file "$tree/deploy/systemd/$unit" "$units/$unit"
    units_are_new=yes
  done
  make_directory 0755 "${command%/*}"
  [ "$(readlink "$command" 2>/dev/null || :)" = /opt/ovsdb-ha/current/cli/ovsdb-ha ] || act ln -sfn /opt/ovsdb-ha/current/cli/ovsdb-ha "$command"
  warn_of_ovn
  start_services
}

# Process ids of databases that an agent started: they outlive it, and go on serving until somebody ends them.
our_databases () {
  is_host || return 0
  for file in /run/ovsdb-ha/*/*.pid; do
    [ -r "$file" ] && kill -0 "$(cat "$file")" 2>/dev/null && cat "$file"
  done
  return 0
}

# Process ids of agents that guard this network namespace, whoever started them.
our_agents () {
  is_host || return 0
  for process in /proc/[0-9]*; do
    [ "$process/ns/net" -ef /proc/self/ns/net ] || continue
    ! tr '\0' '\n' 2>/dev/null < "$process/cmdline" | awk '$0 == "agent" && before ~ /\/cli\/main\.ts$/ { found = 1 } { before = $0 } END { exit !found }' || echo "${process#/proc/}"
  done
}

# Guards outlive their agents, so that nobody is served without a lease. They go when there is nothing left to shut off.
remove_guards () {
  is_host && command -v nft > /dev/null || return 0
  tables=$(nft list tables 2>/dev/null | sed -n 's/^table inet \(ovsdb_ha_[A-Za-z0-9_]*\)$/\1/p' || :)
  [ -n "$tables" ] || return 0
  running=$({ our_agents; our_databases; } | tr '\n' ' ')
  for table in $tables; do
    if [ -z "$running" ]; then act nft delete table inet "$table"
    else echo "install: note: table inet $table stays while agents or databases run (process ${running% }): end them, then nft delete table inet $table"
    fi
  done
}

uninstall_all () {
  if [ "$purge" = yes ]; then
    databases=$(our_databases | tr '\n' ' ')
    [ -z "$databases" ] || fail "databases run (process $databases): stop them before their files go"
  fi
  for unit in $all_units; do
    [ -e "$units/$unit" ] || continue
    ! has_systemd || act systemctl disable --now "$unit"
    act rm -f "$units/$unit"
  done
  ! has_systemd || [ "$changed" = no ] || act systemctl daemon-reload
  remove_guards
  [ ! -L "$command" ] || act rm -f "$command"
  [ ! -e "$opt" ] || act rm -rf "$opt"
  if [ "$purge" = yes ]; then
    for directory in "$etc" "$var" "$controller_var"; do [ ! -e "$directory" ] || act rm -rf "$directory"; done
    return 0
  fi
  databases=$(our_databases | tr '\n' ' ')
  [ -z "$databases" ] || echo "install: note: databases go on without an agent (process ${databases% }); an active one serves until its lease ends"
  [ ! -e "$etc" ] || echo "install: $etc and the data in $var stay (--purge takes them too)"
}

if [ "$action" = install ]; then install_all; else uninstall_all; fi
[ "$changed" = yes ] || echo 'install: everything is as it should be'
