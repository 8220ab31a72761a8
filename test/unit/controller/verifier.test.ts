import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaintenanceLink } from '../../../controller/link/agent-link.ts'
import { createVerifier } from '../../../controller/verifier.ts'
import type { ClusterView } from '../../../protocol/api.ts'
import { OvsdbHaError } from '../../../protocol/errors.ts'
import { until } from '../../contract/support/wait.ts'
import { clusterConfig, serverConfig } from '../../fixtures.ts'
import { calmView } from './core/schedule-harness.ts'
import { maintenanceLink } from './maintenance-double.ts'
import { suspectOf, tableOf } from './verification-views.ts'

const refusedWith = (code: string) => (error: unknown) => error instanceof OvsdbHaError && error.code === code && error.hint !== ''

function verifier (over: Partial<Record<'n1' | 'n2' | 'n3', Partial<MaintenanceLink>>> = {}, seen: Partial<ClusterView> = {}) {
  const told: string[] = []
  const asked: string[] = []
  const ended: string[] = []
  const compared: string[] = []
  const scene = { view: { ...calmView({ term: 4, ...seen }), controller: { name: 'ctl', leads: true, leader: null } } as ClusterView }
  const links = (['n1', 'n2', 'n3'] as const).map(node => maintenanceLink(node, {
    async compare ({ server, active }) {
      asked.push(`${node} ${server} against ${active}`)
      return { tables: [tableOf('ACL')], suspects: [], longestReadMs: 5 }
    },
    recheck: async ({ suspects }) => ({ lasting: suspects, moving: [] }),
    async mark ({ term }) { asked.push(`${node} marks in term ${term}`); return { marker: 'm' } },
    ...over[node]
  }))
  const desk = createVerifier({
    cluster: clusterConfig({ servers: [serverConfig('nb'), serverConfig('sb')] }),
    host: { name: 'ovn', view: () => scene.view, compared: found => { for (const { node, message } of found) compared.push(`${node}: ${message}`) }, tell: (kind, severity, node, message) => { told.push(`${kind} ${severity} ${node}: ${message.replace(/\d+ ms/, '? ms')}`) } },
    links,
    metrics: { verified: (_cluster, { outcome }) => { ended.push(outcome) } }
  })
  return { ...desk, told, asked, ended, compared, scene }
}

const DIFFERS: Partial<MaintenanceLink> = { compare: async () => ({ tables: [tableOf('ACL'), tableOf('NAT', { backupRows: 3, lackingRows: 1 })], suspects: [suspectOf('NAT', 1)], longestReadMs: 5 }) }

test('every database of every backup is compared, one after the other, and the history says that all is the same', async () => {
  const one = verifier()
  const { outcome, parts, durationMs } = await one.run({ reason: 'monthly' }, 'ann')
  assert.deepEqual([outcome, parts.map(({ node, server, state }) => `${node} ${server} ${state}`)], ['same', ['n2 nb same', 'n2 sb same', 'n3 nb same', 'n3 sb same']])
  assert.ok(durationMs !== null)
  assert.deepEqual(one.asked, ['n2 nb against n1', 'n2 sb against n1', 'n3 nb against n1', 'n3 sb against n1'])
  assert.deepEqual(one.told, ['verifyBegan info null: ann has the databases of n2, n3 compared with those of n1', 'verifyEnded info null: every table of n2, n3 is as that of n1 (? ms)'])
  assert.deepEqual([one.ended, one.compared], [['same'], ['n2: null', 'n3: null']])
})

test('a backup that differs is critical, by node and table; the marker is the active\'s, in its term', async () => {
  const one = verifier({ n3: DIFFERS })
  assert.equal((await one.run({}, 'ann')).outcome, 'differs')
  assert.ok(one.asked.includes('n1 marks in term 4'))
  assert.equal(one.told.filter(text => text.startsWith('backupDiffers critical n3: n3 does not have what n1 has: NAT of OVN_Northbound: lacks 1 of 4 rows')).length, 1)
  assert.deepEqual(one.compared, ['n2: null', 'n3: compared with n1: NAT of OVN_Northbound: lacks 1 of 4 rows; NAT of OVN_Southbound: lacks 1 of 4 rows'])
  assert.match(one.told.at(-1) ?? '', /^verifyEnded critical null: the comparison with n1 ended after \? ms: backups differ$/)
})

test('who cannot be read is named, and the rest is compared', async () => {
  const one = verifier({ n2: { compare: async () => { throw new Error('the disk is gone') } } })
  const { outcome, parts } = await one.run({}, 'ann')
  assert.deepEqual([outcome, parts.map(({ state, problem }) => `${state}: ${problem}`)], ['incomplete', ['notCompared: the disk is gone', 'notCompared: the disk is gone', 'same: null', 'same: null']])
  assert.deepEqual(one.compared, ['n3: null'], 'of n2 nothing is known that was not known before')
  assert.match(one.told.at(-1) ?? '', /^verifyEnded warning null: .*nb of n2: the disk is gone/)
})

test('a service that moves meanwhile leaves no finding about the old active', async () => {
  const one = verifier({ n2: { async compare () { one.scene.view = { ...one.scene.view, active: 'n2', term: 5 }; return await DIFFERS.compare!({ server: 'nb', active: 'n1', digests: false, deadlineMs: 1 }) } } })
  const { outcome, parts } = await one.run({}, 'ann')
  assert.deepEqual([outcome, new Set(parts.map(({ state }) => state))], ['incomplete', new Set(['notCompared'])])
  assert.match(parts[0]?.problem ?? '', /n1 does not serve in term 4 any more/)
  assert.ok(!one.told.some(text => text.startsWith('backupDiffers')))
})

test('it is begun at once and looked at by its id; a second one is refused while it runs', async () => {
  const gate = Promise.withResolvers<undefined>()
  const one = verifier({ n2: { async compare () { await gate.promise; return { tables: [], suspects: [], longestReadMs: 0 } } } })
  const begun = one.begin({}, 'ann')
  assert.deepEqual([begun.outcome, one.show(begun.id).parts[0]?.state], ['running', 'running'])
  assert.throws(() => one.begin({}, 'bob'), refusedWith('OVSDB_HA_VERIFICATION_RUNS'))
  gate.resolve(undefined)
  await until('its end', 5_000, () => one.show(begun.id).outcome !== 'running')
  assert.equal(one.show(begun.id).outcome, 'same')
  assert.deepEqual(one.list().map(({ id }) => id), [begun.id])
  assert.throws(() => one.show('20250101-000000-1'), refusedWith('OVSDB_HA_VERIFICATION_UNKNOWN'))
})

test('without an active, in the middle of a change, and on a controller that does not lead nothing is begun', () => {
  assert.throws(() => verifier({}, { active: null }).begin({}, 'ann'), refusedWith('OVSDB_HA_NOTHING_TO_VERIFY'))
  const one = verifier()
  one.scene.view = { ...one.scene.view, controller: { name: 'ctl', leads: false, leader: { name: 'ctl2', url: 'https://ctl2:8640' } } }
  for (const ask of [() => one.begin({}, 'ann'), () => one.list(), () => one.show('x')]) assert.throws(ask, refusedWith('OVSDB_HA_NOT_LEADING'))
  assert.deepEqual(one.told, [])
})
