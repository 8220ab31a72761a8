// The guide's page about systemd, typed: its own blocks, from top to bottom, on three hosts that systemd booted.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import type { ClusterView } from '../../protocol/api.ts'
import { onInterrupt } from '../testbed/interrupt.ts'
import { poll } from '../testbed/wait.ts'
import { SystemdHosts, whyNoSystemd, type SystemdHost } from '../testbed/systemd-hosts.ts'
import { blocksOf, type GuideBlock } from './guide-blocks.ts'

const PAGE = path.resolve(import.meta.dirname, '../../docs/guide/three-nodes-systemd.md')
/** The machine may be loaded, and three installations are copied. */
const STEP_MS = 300_000
const SETTLE_MS = 120_000
/** Longer than `WatchdogSec` of the units. */
const WATCHDOG_MS = 90_000
/** `timing.lease` where the file names none. */
const LEASE_MS = 2_000
const RESTARTS = 10

const skip = await whyNoSystemd()
const blocks = blocksOf(await readFile(PAGE, 'utf8'))
const hosts = new SystemdHosts([{ name: 'ctl1', address: '10.0.0.11' }, { name: 'ctl2', address: '10.0.0.12' }, { name: 'ctl3', address: '10.0.0.13' }])
const [ctl1, ctl2, ctl3] = hosts.hosts as [SystemdHost, SystemdHost, SystemdHost]
const EACH = [ctl1, ctl2, ctl3]

/**
 * What a host without a network beyond its own has instead: packages are looked for and not fetched, the checkout came with its
 * node_modules, and what is copied to another host waits in the directory that all hosts share.
 */
const STAND_INS = `
apt-get () { shift; local p; for p in "$@"; do case $p in -*) ;; *) dpkg-query -W -f '\${db:Status-Status} \${Package}\\n' "$p" | grep '^installed ' ;; esac || return 1; done; }
npm () { if [ "$1" = ci ]; then [ -e node_modules/.package-lock.json ]; else command npm "$@"; fi; }
scp () { local target=\${@: -1} host; host=\${target#*@}; mkdir -p "/exchange/\${host%%:*}\${host#*:}"; cp "\${@:1:$#-1}" "/exchange/\${host%%:*}\${host#*:}"; }
`

/** Types a block: each command must succeed, and what is exported, and where the shell is, lasts until the next one. */
async function type (host: SystemdHost, text: string): Promise<string> {
  const shell = `[ ! -e /run/typed ] || . /run/typed\n${STAND_INS}\nset -e\n${text}\n{ export -p; printf 'cd %q\\n' "$PWD"; } > /run/typed\n`
  return await hosts.run(host, ['bash', '-c', shell], STEP_MS)
}

/** Blocks are named by their section and their number in it: one that is new on the page is missed by nobody. */
function block (section: string, index: number): string {
  const found = blocks.find(each => each.section === section && each.index === index)
  assert.ok(found, `the page has no block ${index} in ${section}`)
  typed.add(found)
  return found.text
}
const typed = new Set<GuideBlock>()

async function typeOn (on: readonly SystemdHost[], section: string, index: number): Promise<string> {
  const text = block(section, index)
  return (await Promise.all(on.map(host => type(host, text)))).join('\n')
}

async function view (): Promise<ClusterView> {
  const [cluster] = (JSON.parse(await type(ctl1, 'ovsdb-ha status -o json')) as { readonly clusters: readonly ClusterView[] }).clusters
  assert.ok(cluster)
  return cluster
}

/** Resolves to the host that serves, when one does and every other of `whole` could take over. */
async function settled (expected: (name: string) => boolean = () => true, whole: readonly SystemdHost[] = EACH): Promise<SystemdHost> {
  let last = ''
  return await poll(async () => {
    const { active, nodes, summary } = await view().catch((error: Error) => ({ active: null, nodes: [], summary: error.message }))
    last = summary
    const follow = whole.every(({ name }) => name === active || nodes.some(node => node.name === name && node.following === active && node.ineligible === null))
    return active !== null && follow && expected(active) ? EACH.find(({ name }) => name === active) ?? null : null
  }, { deadlineMs: SETTLE_MS, everyMs: 500, what: 'one node to serve and the others to follow' }).catch((error: Error) => { throw new Error(`${error.message}: ${last}`, { cause: error }) })
}

const property = async (host: SystemdHost, unit: string, name: string) => (await hosts.run(host, ['systemctl', 'show', '--value', '--property', name, unit])).trim()
const databases = async (host: SystemdHost) => await hosts.run(host, ['sh', '-c', 'cat /run/ovsdb-ha/ovn/nb.pid /run/ovsdb-ha/ovn/sb.pid'])

before(async () => {
  if (skip !== false) return
  // hosts outlive this process, which a Ctrl-C or a deadline may end
  onInterrupt().addEventListener('abort', () => hosts.down().finally(() => process.exit(1)))
  await hosts.up()
}, { timeout: STEP_MS })
// the budget of automatic failovers is not what these tests are about
afterEach(async () => { if (skip === false) await type(ctl1, 'ovsdb-ha acknowledge ovn || :') }, { timeout: STEP_MS })
after(async () => { if (skip === false) await hosts.down() }, { timeout: STEP_MS })

test('the page is typed as it stands, on data that was there before, and the cluster serves', { skip, timeout: 3 * STEP_MS }, async () => {
  await hosts.run(ctl1, ['sh', '-c', `set -e
    for db in nb:Northbound sb:Southbound; do ovsdb-tool create /var/lib/ovn/ovn\${db%:*}_db.db /usr/share/ovn/ovn-\${db%:*}.ovsschema; done
    ovsdb-tool transact /var/lib/ovn/ovnnb_db.db '["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"from-before"}}]'`])
  await typeOn(EACH, 'Packages', 0)
  await typeOn(EACH, 'The program', 0)
  for (const [index, host] of EACH.entries()) await typeOn([host], 'The program', index + 1)
  await typeOn([ctl1], 'Certificates', 0)
  await typeOn([ctl1], 'Certificates', 1)
  for (const { address, host } of [ctl2, ctl3].map(host => ({ host, address: host.address }))) await type(host, `cp -R /exchange/${address}/. /`)
  await typeOn(EACH, 'Certificates', 2)
  await typeOn([ctl1], 'Tokens', 0)
  assert.doesNotMatch(await typeOn(EACH, 'The file', 0), /warning/i)
  await typeOn(EACH, 'Existing data', 0)
  await typeOn([ctl1], 'Existing data', 1)
  await typeOn(EACH, 'Start', 0)
  await typeOn([ctl1], 'Start', 1)
  await typeOn([ctl1], 'Check', 0)
  assert.equal((await settled()).name, 'ctl1', 'the node with rows is promoted')
  assert.match(await type(ctl1, 'ovn-nbctl --timeout=20 --db=tcp:10.0.0.100:6641 ls-list'), /from-before/)
  assert.match(await typeOn([ctl1], 'Check', 1), /sw-try/)
})

test('the first try moves the service once as planned and once not, as the page says', { skip, timeout: STEP_MS }, async () => {
  assert.match(await typeOn([ctl1], 'Check', 2), /a first try/)
  const before = await settled(name => name !== 'ctl1')
  await typeOn([before], 'Check', 3)
  await settled(name => name !== before.name)
  assert.match(await type(ctl1, 'ovsdb-ha history'), /failover/)
  assert.match(await type(ctl1, 'ovn-nbctl --timeout=20 --db=tcp:10.0.0.100:6641 ls-list'), /from-before/)
})

test('clients are told where to dial as the page says', { skip, timeout: STEP_MS }, async () => {
  await hosts.run(ctl3, ['sh', '-c', `set -e
    mkdir -p /run/openvswitch /etc/openvswitch && rm -f /etc/openvswitch/conf.db && ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
    ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --pidfile --detach --no-chdir
    ovs-vsctl --no-wait init && ovs-vswitchd --pidfile --detach --no-chdir --log-file=/dev/null unix:/run/openvswitch/db.sock`])
  await typeOn([ctl3], 'Clients', 0)
  assert.match(await hosts.run(ctl3, ['ovs-vsctl', 'get', 'open_vswitch', '.', 'external_ids:ovn-remote']), /tcp:10\.0\.0\.100:6642/)
})

test('every block of the page was typed, but the one that another takes the place of', { skip }, () => {
  assert.deepEqual(blocks.filter(each => !typed.has(each)).map(({ section, index }) => `${section} ${index}`), ['Existing data 2'])
})

test('systemctl restart of the active\'s agent moves nothing when it is back within the lease, and its databases go on', { skip, timeout: STEP_MS }, async () => {
  for (let attempt = 1; attempt <= RESTARTS; attempt++) {
    const active = await settled()
    const [term, servers, agent] = [(await view()).term, await databases(active), await property(active, 'ovsdb-ha-agent', 'MainPID')]
    await hosts.run(active, ['systemctl', 'restart', 'ovsdb-ha-agent'])
    const [leftMicroseconds, backMicroseconds] = await Promise.all(['ActiveExitTimestampMonotonic', 'ActiveEnterTimestampMonotonic'].map(async name => Number(await property(active, 'ovsdb-ha-agent', name)))) as [number, number]
    // a loaded machine may need longer than the lease: then another node serves, as it should, and this restart tells nothing
    if (backMicroseconds - leftMicroseconds > LEASE_MS * 1000 / 2) continue
    await settled(name => name === active.name)
    assert.notEqual(await property(active, 'ovsdb-ha-agent', 'MainPID'), agent)
    assert.deepEqual([(await view()).term, await databases(active)], [term, servers])
    return
  }
  assert.fail(`none of ${RESTARTS} restarts was back within half a lease: is this machine overloaded?`)
})

test('an agent that stands still is killed and started by systemd, and its node is a backup again', { skip, timeout: STEP_MS }, async () => {
  const active = await settled()
  const agent = await property(active, 'ovsdb-ha-agent', 'MainPID')
  await hosts.run(active, ['kill', '-STOP', agent])
  await poll(async () => ['0', agent].includes(await property(active, 'ovsdb-ha-agent', 'MainPID')) ? null : true, { deadlineMs: WATCHDOG_MS, everyMs: 500, what: 'systemd to start another agent' })
  assert.match(await hosts.run(active, ['journalctl', '--unit', 'ovsdb-ha-agent', '--no-pager']), /Watchdog timeout/)
  await settled(name => name !== active.name)
})

test('a host without power is failed over, and follows when it is back', { skip, timeout: STEP_MS }, async () => {
  // the controller lives on ctl1
  if ((await settled()).name === 'ctl1') await type(ctl1, 'ovsdb-ha switchover')
  const lost = await settled(name => name !== 'ctl1')
  await hosts.powerOff(lost)
  await settled(name => name !== lost.name, EACH.filter(host => host !== lost))
  assert.match(await type(ctl1, 'ovn-nbctl --timeout=20 --db=tcp:10.0.0.100:6641 ls-list'), /from-before/)
  await hosts.powerOn(lost)
  await settled(name => name !== lost.name)
  assert.equal(await property(lost, 'ovsdb-ha-agent', 'ActiveState'), 'active', 'the service is enabled')
})

test('systemctl status calls the services running, and nothing has failed', { skip, timeout: STEP_MS }, async () => {
  const active = await settled()
  assert.match(await hosts.run(active, ['systemctl', 'status', '--no-pager', '--full', 'ovsdb-ha-agent']), /Active: active \(running\)/)
  assert.deepEqual((await hosts.run(ctl1, ['systemctl', '--failed', '--no-legend', '--plain'])).trim(), '')
})

test('uninstalling leaves databases with their guard, and takes the guard when they have ended', { skip, timeout: STEP_MS }, async () => {
  const active = await settled()
  const gone = active === ctl3 ? ctl2 : ctl3
  const uninstall = () => hosts.run(gone, ['/root/ovsdb-ha/deploy/install.sh', '--uninstall'], STEP_MS)
  assert.match(await uninstall(), /table inet ovsdb_ha_ovn stays while agents or databases run/)
  await hosts.run(gone, ['sh', '-c', 'kill $(cat /run/ovsdb-ha/ovn/*.pid); while pgrep ovsdb-server | grep -qxFf /run/ovsdb-ha/ovn/nb.pid; do sleep 0.1; done; sleep 1'])
  assert.match(await uninstall(), /nft delete table inet ovsdb_ha_ovn/)
  assert.doesNotMatch(await hosts.run(gone, ['nft', 'list', 'tables']), /ovsdb_ha/)
  assert.equal((await view()).active, active.name)
})
