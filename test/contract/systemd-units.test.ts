// The units as systemd itself reads them, and what must be in them for the databases to outlive an agent.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { execa } from 'execa'
import { parseDurationMs } from '../../protocol/duration.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const NAMES = ['agent', 'witness', 'controller'] as const
/** `timing.lease` where the file names none. */
const DEFAULT_LEASE_MS = 2_000
const PROGRAM = '/opt/ovsdb-ha/current/cli/ovsdb-ha'

const textOf = (name: string) => readFile(path.join(ROOT, `deploy/systemd/ovsdb-ha-${name}.service`), 'utf8')
/** All values of a key, in order. */
const values = (unit: string, key: string) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value)

const present = await execa('systemd-analyze', ['--version'], { reject: false, timeout: 20_000 })

test('systemd-analyze finds nothing to say about the units', { skip: present.failed ? 'systemd-analyze is not here' : false }, async t => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-units-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const verify = (...files: readonly string[]) => execa('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...files], { reject: false, timeout: 60_000, all: true })
  const files = await Promise.all(NAMES.map(async name => {
    const file = path.join(directory, `ovsdb-ha-${name}.service`)
    await writeFile(file, (await textOf(name)).replaceAll(PROGRAM, path.join(ROOT, 'cli/ovsdb-ha'))) // it looks whether the program is there
    return file
  }))
  const { all = '', exitCode } = await verify(...files)
  assert.deepEqual([exitCode, all.split('\n').filter(line => line.includes('ovsdb-ha'))], [0, []], all)
  const broken = path.join(directory, 'broken.service')
  await writeFile(broken, (await textOf('agent')).replaceAll(PROGRAM, path.join(ROOT, 'cli/ovsdb-ha')).replace('KillMode=process', 'KillMode=servers'))
  assert.match((await verify(broken)).all ?? '', /servers/, 'it would find a mistake')
})

test('the databases outlive their agent: only its own process is killed, and their sockets stay', async () => {
  const agent = await textOf('agent')
  assert.deepEqual(values(agent, 'KillMode'), ['process'])
  assert.deepEqual(values(agent, 'RuntimeDirectoryPreserve'), ['yes'])
  assert.deepEqual(values(agent, 'PrivateTmp'), [], 'a directory that ends with the agent')
})

test('an agent that ends is back well within the lease, however often, and one whose file is wrong is not started over and over', async () => {
  for (const name of ['agent', 'witness'] as const) {
    const unit = await textOf(name)
    const [restart = ''] = values(unit, 'RestartSec')
    assert.ok(parseDurationMs(restart)! <= DEFAULT_LEASE_MS / 4, restart)
    assert.deepEqual([values(unit, 'Restart'), values(unit, 'StartLimitIntervalSec'), values(unit, 'RestartPreventExitStatus')], [['always'], ['0'], ['2']])
  }
})

test('all are of the notify type with a watchdog, and are told by a program that they start', async () => {
  for (const name of NAMES) {
    const unit = await textOf(name)
    assert.deepEqual([values(unit, 'Type'), values(unit, 'NotifyAccess'), values(unit, 'WatchdogSec')], [['notify'], ['all'], ['15']], name)
  }
})

test('controller and witness run without any right of root, the agent without those that it does not use', async () => {
  for (const name of ['witness', 'controller'] as const) {
    const unit = await textOf(name)
    assert.deepEqual([values(unit, 'User'), values(unit, 'CapabilityBoundingSet')], [['ovsdb-ha'], ['']], name)
  }
  const [capabilities = ''] = values(await textOf('agent'), 'CapabilityBoundingSet')
  for (const needed of ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_KILL']) assert.ok(capabilities.includes(needed), needed)
  for (const refused of ['CAP_SYS_ADMIN', 'CAP_SYS_MODULE', 'CAP_SYS_BOOT', 'CAP_SYS_RAWIO']) assert.ok(!capabilities.includes(refused), refused)
})

test('the agent is up before OVN\'s daemons and after Open vSwitch and the packet filter, as Debian and as Red Hat name them', async () => {
  const agent = await textOf('agent')
  const [after, before] = ['After', 'Before'].map(key => values(agent, key).join(' ').split(' ')) as [string[], string[]]
  for (const unit of ['network-online.target', 'nftables.service', 'firewalld.service', 'openvswitch-switch.service', 'openvswitch.service']) assert.ok(after.includes(unit), unit)
  for (const unit of ['ovn-central.service', 'ovn-northd.service', 'ovn-host.service', 'ovn-controller.service']) assert.ok(before.includes(unit), unit)
})
