// Whom operators want to serve next, and switchovers for a set time, on real servers.
import assert from 'node:assert/strict'
import type { PlannedList, PlannedSwitchover, SwitchoverPreview } from '../../protocol/planned.ts'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { acknowledged, assertFollows, describeCluster, nodeOf, PATIENT, type Scene } from './scenario.ts'

/** Some commands are given before, each of which may take seconds on a loaded machine. */
const AHEAD_MS = 15_000
const SOON_MS = 8_000

async function json <T> ({ ovsdbHa }: Scene, ...args: readonly string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await ovsdbHa(...args, '-o', 'json')
  assert.equal(exitCode, 0, stderr)
  return JSON.parse(stdout) as T
}

async function prefer ({ ovsdbHa }: Scene, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await ovsdbHa('prefer', ...args)
  assert.equal(exitCode, 0, stderr)
  return stdout
}

describeCluster('eligibility', { ovs: '3.1', timing: PATIENT }, ({ testbed, scenario }) => {
  scenario('a crash moves the service past a node that is never to be promoted, also when it would be the first; status says who wants that', { failovers: 1 }, async scene => {
    assert.match(await prefer(scene, 'b', 'never', '--reason', 'its disk is dying'), /^ovn: b is never promoted, but by a forced failover \(never, by \S+ since .* UTC: its disk is dying\)$/)
    const view = await scene.until('b is refused by name', one => nodeOf(one, 'b').ineligible?.code === 'never')
    assert.deepEqual([view.automaticFailover.possible, view.automaticFailover.why], [true, 'c could take over'])
    const { stdout } = await scene.ovsdbHa('status')
    assert.match(stdout.replaceAll(/\s+/g, ' '), /b is never promoted, but by a forced failover .* its disk is dying/)
    const refused = await scene.ovsdbHa('switchover', '--to', 'b')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /b refused \(never\): b is never to be promoted \(\S+: its disk is dying\)/)
    await testbed.killServer('a', 'nb')
    const operation = await scene.ended()
    assert.deepEqual([operation.kind, operation.to, operation.outcome], ['failover', 'c', 'done'], operation.detail)
    assert.ok(operation.refused.some(({ node, code }) => node === 'b' && code === 'never'))
    await scene.clientsWrite()
    await prefer(scene, 'b', 'neutral')
    await assertFollows(scene, 'b')
  })

  scenario('with only such nodes left the cluster holds and says which one to allow; allowed, it serves at once and nothing is lost', { failovers: 1 }, async scene => {
    for (const node of ['a', 'b', 'c']) await prefer(scene, node, 'never')
    assert.equal((await scene.view()).active, 'a', 'who serves, serves on')
    await scene.clientsWrite()
    await testbed.killServer('a', 'nb')
    const { hold } = await scene.until('it holds', one => one.hold?.code === 'noCandidate' && one.hold.refused.filter(({ code }) => code === 'never').length === 3)
    assert.match(hold?.message ?? '', /a has all the data: allow it with "ovsdb-ha prefer a neutral --cluster ovn"/)
    await prefer(scene, 'b', 'avoid')
    const operation = await scene.ended()
    assert.deepEqual([operation.to, operation.outcome], ['b', 'done'], operation.detail)
    await scene.clientsWrite()
    for (const node of ['a', 'b', 'c']) await prefer(scene, node, 'neutral')
    await assertFollows(scene, 'a')
  })

  scenario('a dry run names the node that the switchover then takes, and does nothing itself', {}, async scene => {
    await prefer(scene, 'c', 'prefer', '--for', '1h')
    const preview = await json<SwitchoverPreview>(scene, 'switchover', '--dry-run')
    assert.deepEqual([preview.refusal, preview.from, preview.to], [null, 'a', 'c'], JSON.stringify(preview))
    assert.deepEqual(preview.candidates.map(({ node, verdict }) => [node, verdict]), [['c', 'chosen'], ['b', 'eligible']])
    assert.deepEqual((await scene.entries()).filter(({ operation }) => operation !== undefined), [])
    assert.equal((await scene.ovsdbHa('switchover')).exitCode, 0)
    const operation = await scene.ended()
    assert.equal(operation.to, preview.to)
    await assertFollows(scene, 'b')
    const next = await json<SwitchoverPreview>(scene, 'switchover', '--dry-run', '--to', 'b')
    assert.ok(next.outage.measuredAttempts >= 1 && (next.outage.medianMs ?? 0) > 0, JSON.stringify(next.outage))
    const refused = await scene.ovsdbHa('switchover', '--dry-run', '--to', 'c')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stdout, /would be refused \(OVSDB_HA_ALREADY_ACTIVE\)/)
    await prefer(scene, 'c', 'neutral')
  })

  scenario('a planned switchover is listed, runs at its time and loses nothing; one that is cancelled does not run', {}, async scene => {
    const atMs = Date.now() + AHEAD_MS
    const planned = await json<PlannedSwitchover>(scene, 'switchover', '--at', new Date(atMs).toISOString(), '--to', 'b', '--within', '2m', '--reason', 'new kernel')
    const api = await testbed.api()
    const path = `/v1/clusters/${CLUSTER_NAME}/planned-switchovers`
    const { body: other } = await api.post<PlannedSwitchover>(path, { at: new Date(atMs + 1).toISOString(), to: 'c', withinMs: 120_000 })
    assert.deepEqual((await json<PlannedList>(scene, 'switchover', '--list')).planned.map(({ id, to }) => [id, to]), [[planned.id, 'b'], [other.id, 'c']])
    assert.deepEqual((await scene.view()).planned.map(({ id }) => id), [planned.id, other.id])
    assert.deepEqual((await api.post<PlannedList>(`${path}/${other.id}/cancel`)).body.planned.map(({ id }) => id), [planned.id])
    const operation = await scene.ended()
    assert.deepEqual([operation.kind, operation.to, operation.outcome], ['switchover', 'b', 'done'], operation.detail)
    assert.ok(Date.parse(operation.startedAt) >= atMs, `${operation.startedAt} is not before ${planned.at}`)
    assert.match(operation.trigger, new RegExp(`^\\S+ \\(planned for ${planned.at}\\) asked for a switchover: new kernel$`))
    const ended = await scene.entry('its end', ({ kind }) => kind === 'plannedSwitchoverEnded')
    assert.match(ended.message, /is done: a to b in \d+ ms$/)
    await scene.until('nothing is planned any more', view => view.planned.length === 0 && view.active === 'b')
    assert.ok((await scene.entries()).some(({ kind, facts }) => kind === 'switchoverCancelled' && facts.id === other.id))
    await assertFollows(scene, 'a')
    assert.equal((await scene.entries()).filter(({ kind }) => kind === 'operationBegan').length, 1)
  })

  scenario('one that cannot begin within its bound is missed, told with the reason, and not run late', { undisturbed: true }, async scene => {
    assert.equal((await scene.ovsdbHa('pause', '--reason', 'work on the switch')).exitCode, 0)
    await json<PlannedSwitchover>(scene, 'switchover', '--at', new Date(Date.now() + SOON_MS).toISOString(), '--within', '2s')
    const missed = await scene.entry('it was missed', ({ kind }) => kind === 'plannedSwitchoverMissed')
    assert.match(missed.message, /did not happen: the cluster is paused by/)
    assert.equal((await scene.ovsdbHa('resume')).exitCode, 0)
    const [before] = (await acknowledged(scene.clients[0]!)).slice(-1)
    await scene.clientsWrite()
    assert.notEqual((await acknowledged(scene.clients[0]!)).at(-1)?.row, before?.row)
    assert.deepEqual([(await scene.view()).active, (await scene.view()).planned, (await scene.entries()).filter(({ kind }) => kind === 'operationBegan')], ['a', [], []])
  })
})
