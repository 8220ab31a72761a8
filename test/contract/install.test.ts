// deploy/install.sh into a tree of its own: what it lays out, that a second run has nothing to do, and what it leaves behind.
import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { execa } from 'execa'

const ROOT = path.resolve(import.meta.dirname, '../..')
const TIMEOUT_MS = 240_000

/**
 * A source tree with the real installer, and a program and packages that are small: what the real ones lay out is tried where the
 * image is built.
 */
async function bench (t: TestContext) {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-install-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const [tree, target] = [path.join(directory, 'tree'), path.join(directory, 'target')]
  for (const part of ['agent', 'controller', 'protocol', 'docs/guide', 'docs/runbooks', 'docs/examples', 'node_modules/.bin', 'node_modules/useful/test', 'node_modules/useful/lib/test', 'node_modules/for-development', 'node_modules/nobodys']) await mkdir(path.join(tree, part), { recursive: true })
  await cp(path.join(ROOT, 'deploy/install.sh'), `${tree}/deploy/install.sh`)
  await cp(path.join(ROOT, 'deploy/release-tree.sh'), `${tree}/deploy/release-tree.sh`)
  await cp(path.join(ROOT, 'deploy/systemd'), `${tree}/deploy/systemd`, { recursive: true })
  await cp(path.join(ROOT, 'cli/ovsdb-ha'), `${tree}/cli/ovsdb-ha`)
  await symlink(process.execPath, `${tree}/node_modules/.bin/node`)
  const files = {
    'package.json': JSON.stringify({ name: 'ovsdb-ha', version: '1.2.3', dependencies: { useful: '1.0.0' }, devDependencies: { 'for-development': '1.0.0' } }, null, 2) + '\n',
    LICENSE: 'free\n',
    'agent/main.ts': 'export const agent = 1\n',
    'docs/guide.md': '# Guide\n',
    'docs/guide/operating.md': '# Operating\n',
    'docs/examples/ovn-three-nodes.yaml': 'version: 1\n',
    // npm believes this of what is there
    'node_modules/.package-lock.json': JSON.stringify({ name: 'ovsdb-ha', version: '1.2.3', lockfileVersion: 3, packages: { 'node_modules/useful': { version: '1.0.0' }, 'node_modules/for-development': { version: '1.0.0', dev: true } } }),
    'node_modules/useful/package.json': '{"name":"useful","version":"1.0.0"}\n',
    'node_modules/useful/index.js': 'export {}\n',
    'node_modules/useful/index.d.ts': 'export {}\n',
    'node_modules/useful/LICENSE.md': 'free\n',
    'node_modules/useful/README.md': '# Useful\n',
    'node_modules/useful/test/index.js': 'export {}\n',
    'node_modules/useful/lib/test/index.js': 'export {}\n',
    'node_modules/useful/.npmrc': 'a=b\n',
    'node_modules/nobodys/package.json': '{"name":"nobodys","version":"1.0.0"}\n',
    'node_modules/for-development/package.json': '{"name":"for-development","version":"1.0.0"}\n'
  }
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(tree, file), text)
  const install = (...args: readonly string[]) => execa(`${tree}/deploy/install.sh`, ['--root', target, ...args], { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore' })
  const laidOut = async () => (await readdir(target, { recursive: true }).catch(() => [])).toSorted()
  return { tree, target, install, laidOut }
}

test('it lays out program, configuration, state and units, without what is for development; run again it has nothing to do', async t => {
  const { target, install, laidOut } = await bench(t)
  const first = await install('--node', 'ctl1', '--controller')
  assert.equal(first.exitCode, 0, first.stderr)
  const release = await readlink(`${target}/opt/ovsdb-ha/current`)
  assert.match(release, /^releases\/1\.2\.3-[0-9a-f]{12}$/)
  const there = await laidOut()
  for (const file of ['cli/ovsdb-ha', 'agent/main.ts', 'node_modules/useful/index.js', 'node_modules/useful/lib/test/index.js', 'node_modules/useful/LICENSE.md', 'node_modules/.bin/node', 'docs/guide.md', 'docs/guide/operating.md']) assert.ok(there.includes(`opt/ovsdb-ha/${release}/${file}`), file)
  for (const file of ['node_modules/useful/index.d.ts', 'node_modules/useful/README.md', 'node_modules/useful/test', 'node_modules/useful/.npmrc', 'node_modules/for-development', 'node_modules/nobodys', 'deploy']) assert.ok(!there.includes(`opt/ovsdb-ha/${release}/${file}`), file)
  for (const file of ['etc/ovsdb-ha/cluster.yaml.example', 'etc/ovsdb-ha/tls', 'etc/ovsdb-ha/tokens', 'etc/systemd/system/ovsdb-ha-agent.service', 'etc/systemd/system/ovsdb-ha-controller.service', 'var/lib/ovsdb-ha', 'var/lib/ovsdb-ha-controller']) assert.ok(there.includes(file), file)
  assert.ok(!there.includes('etc/systemd/system/ovsdb-ha-witness.service'))
  assert.match(await readFile(`${target}/etc/ovsdb-ha/agent.env`, 'utf8'), /^OVSDB_HA_NODE=ctl1$/m)
  assert.equal((await stat(`${target}/etc/ovsdb-ha/tls`)).mode & 0o777, 0o750)
  const again = await install('--node', 'ctl1', '--controller')
  assert.deepEqual([again.exitCode, again.stdout], [0, 'install: everything is as it should be'])
  assert.deepEqual(await laidOut(), there)
})

test('a dry run says what it would do and does nothing', async t => {
  const { install, laidOut } = await bench(t)
  const { exitCode, stdout } = await install('--node', 'ctl1', '--dry-run')
  assert.equal(exitCode, 0)
  assert.match(stdout, /ovsdb-ha-agent\.service/)
  assert.deepEqual(await laidOut(), [])
})

test('an upgrade changes the program at once, keeps the release before it and the configuration, and forgets older ones', async t => {
  const { tree, target, install } = await bench(t)
  const release = () => readlink(`${target}/opt/ovsdb-ha/current`)
  await install('--node', 'ctl1')
  await writeFile(`${target}/etc/ovsdb-ha/cluster.yaml`, 'mine\n')
  const releases = [await release()]
  for (const turn of [2, 3]) {
    await writeFile(`${tree}/agent/main.ts`, `export const agent = ${turn}\n`)
    const { exitCode, stderr } = await install()
    assert.equal(exitCode, 0, stderr)
    releases.push(await release())
  }
  assert.equal(new Set(releases).size, 3)
  assert.deepEqual((await readdir(`${target}/opt/ovsdb-ha/releases`)).map(name => `releases/${name}`).toSorted(), releases.slice(1).toSorted())
  assert.equal(await readFile(`${target}/etc/ovsdb-ha/cluster.yaml`, 'utf8'), 'mine\n')
})

test('a host that is a node already is not made another, and bad arguments are refused before anything is done', async t => {
  const { install, laidOut } = await bench(t)
  for (const args of [['--node'], ['--node', 'a b'], ['--purge'], ['--fast'], []]) {
    const { exitCode, stderr } = await install(...args)
    assert.equal(exitCode, 2, `${args.join(' ')}: ${stderr}`)
    assert.match(stderr, /^install: /)
  }
  assert.deepEqual(await laidOut(), [])
  await install('--node', 'ctl1')
  const { exitCode, stderr } = await install('--node', 'ctl2')
  assert.equal(exitCode, 1)
  assert.match(stderr, /this host is node ctl1 already .*, not ctl2/)
})

test('uninstalling leaves configuration and data, and with --purge nothing', async t => {
  const { target, install, laidOut } = await bench(t)
  await install('--node', 'w', '--witness')
  assert.ok((await laidOut()).includes('etc/systemd/system/ovsdb-ha-witness.service'))
  await writeFile(`${target}/var/lib/ovsdb-ha/voter.json`, '{}\n')
  const { exitCode, stdout } = await install('--uninstall')
  assert.equal(exitCode, 0)
  assert.match(stdout, /stay \(--purge takes them too\)/)
  const left = await laidOut()
  assert.ok(left.includes('var/lib/ovsdb-ha/voter.json') && left.includes('etc/ovsdb-ha/agent.env'))
  assert.deepEqual(left.filter(file => file.startsWith('opt/ovsdb-ha') || file.endsWith('.service') || file.startsWith('usr/local/bin/')), [])
  await install('--uninstall', '--purge')
  assert.deepEqual((await laidOut()).filter(file => file.includes('ovsdb-ha')), [])
})

/** The host itself, in namespaces of its own: nothing of the machine's files, services or packet filter is touched. */
const ON_A_HOST = `
set -eu
for directory in /run /opt /etc/systemd/system /usr/local/bin; do mount -t tmpfs empty "$directory"; done
nft add table inet ovsdb_ha_ovn
nft add table inet ovsdb_ha_lab_2
nft add table inet mine
mkdir -p /run/ovsdb-ha/ovn
sleep 60 & echo $! > /run/ovsdb-ha/ovn/nb.pid
echo '== database'; "$1" --uninstall; nft list tables
kill "$(cat /run/ovsdb-ha/ovn/nb.pid)"; wait || :; rm /run/ovsdb-ha/ovn/nb.pid
mkdir -p /run/away/cli; printf 'exec sleep 60\n' > /run/away/cli/main.ts
bash -c 'sleep 60; :' /run/away/cli/main.ts agent --node x & agent=$!
echo '== agent'; "$1" --uninstall; nft list tables
kill $agent; wait || :
unshare --net bash -c 'sleep 60; :' /run/away/cli/main.ts agent --node y & stranger=$!
echo '== dry'; "$1" --uninstall --dry-run; nft list tables
echo '== none'; "$1" --uninstall; nft list tables
echo '== again'; "$1" --uninstall
kill $stranger
`

test('uninstalling takes the guards of ovsdb-ha out of the packet filter, and leaves them while an agent or a database runs', { skip: process.getuid?.() === 0 ? false : 'needs root' }, async t => {
  const { tree } = await bench(t)
  const { stdout, stderr, exitCode } = await execa('unshare', ['--mount', '--propagation', 'private', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'bash', '-c', ON_A_HOST, 'host', `${tree}/deploy/install.sh`], { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore' })
  assert.equal(exitCode, 0, stderr)
  const told = Object.fromEntries(stdout.split(/^== /m).slice(1).map(part => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]))
  for (const case_ of ['database', 'agent']) {
    assert.match(told[case_] ?? '', /table inet ovsdb_ha_ovn stays while agents or databases run \(process \d+\)/, case_)
    assert.match(told[case_] ?? '', /^table inet ovsdb_ha_ovn$/m, case_)
  }
  assert.match(told.dry ?? '', /install: nft delete table inet ovsdb_ha_lab_2\n[^]*^table inet ovsdb_ha_lab_2$/m)
  assert.match(told.none ?? '', /install: nft delete table inet ovsdb_ha_ovn\n/)
  assert.deepEqual((told.none ?? '').split('\n').filter(line => line.startsWith('table ')), ['table inet mine'])
  assert.match(told.again ?? '', /everything is as it should be/)
})
