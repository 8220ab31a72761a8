#!/bin/sh
# Lays what runs into a directory of its own: our sources, the packages that they need, Node.js; nothing for development.
#
#   deploy/release-tree.sh DIRECTORY
#
# DIRECTORY must not exist. Everything comes from this tree (its node_modules as `npm ci` left it) and nothing from the network, so the
# result can be made on one machine and carried to others of the same architecture. Node.js is that of node_modules, or else the
# machine's own, 24.12 or later.
set -eu

root=$(cd -- "${0%/*}/.." && pwd)
fail () { echo "release-tree: $*" >&2; exit 1; }
[ $# -eq 1 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
target=$1
[ ! -e "$target" ] || fail "$target is there already"

# npm writes this file last: without it node_modules is not whole.
[ -e "$root/node_modules/.package-lock.json" ] || fail "$root has no node_modules: run npm ci in it first"

node=$root/node_modules/.bin/node
[ -x "$node" ] || node=$(command -v node) || fail 'Node.js is missing: run npm ci, or install 24.12 or later'
"$node" -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 24 || (major === 24 && minor >= 12) ? 0 : 1)' ||
  fail "$node is $("$node" --version): 24.12 or later is needed"

mkdir -p "$target/node_modules" "$target/docs"
for part in agent controller protocol cli package.json LICENSE; do
  cp -R "$root/$part" "$target/"
done
cp "$root"/docs/*.md "$target/docs/"
cp -R "$root/docs/guide" "$root/docs/examples" "$root/docs/runbooks" "$target/docs/"

# The first line is the project itself; nested packages lie within those above them; what nobody asked for stays out.
modules=$(cd "$root" && PATH="${node%/*}:$PATH" npm ls --omit=dev --all --parseable --long --loglevel=error) || fail "node_modules is not what package-lock.json says: run npm ci"
modules=$(printf '%s\n' "$modules" | sed -n '2,${ /:EXTRANEOUS$/!s/:[^:]*$//p; }')
printf '%s\n' "$modules" | while IFS= read -r module; do
  within=${module#"$root/node_modules/"}
  case $within in */node_modules/*) continue ;; esac
  mkdir -p "$target/node_modules/$(dirname "$within")"
  cp -R "$module" "$target/node_modules/$within"
done
# What packages bring beside what runs: tests, documents, examples, settings of tools, types, maps. Licences stay.
printf '%s\n' "$modules" | while IFS= read -r module; do
  for extra in test tests __tests__ spec specs test.js benchmark.js integration benchmark benchmarks bench doc docs docsify example examples; do
    rm -rf "$target/node_modules/${module#"$root/node_modules/"}/$extra"
  done
done
find "$target/node_modules" -name '.*' -prune -exec rm -rf {} +
find "$target/node_modules" -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.tsbuildinfo' -o -name '*.test.*js' -o -name '*.spec.*js' \
  -o -iname '*.md' ! -iname 'licen[cs]e*' ! -iname 'notice*' \) -delete
find "$target/node_modules" -depth -type d -empty -delete

mkdir -p "$target/node_modules/.bin"
cp -L "$node" "$target/node_modules/.bin/node"
for licence in "$root"/node_modules/node/node_modules/node-*/LICENSE "$root"/node_modules/node-linux-*/LICENSE "$(dirname "$(readlink -f "$node")")/../LICENSE"; do
  [ ! -e "$licence" ] || { cp "$licence" "$target/LICENSE.node"; break; }
done
chmod -R u=rwX,go=rX "$target"
