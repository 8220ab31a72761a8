// The link and the agent's API, over a socket.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createHttpRescueLink } from '../../../../controller/link/http-rescue-link.ts'
import { createRescueDouble } from '../../agent/api/rescue-double.ts'
import { createApi, createUnitDouble } from '../../agent/api/unit-double.ts'
import { replayPlan, RESCUE, rescueDiff, rescueView } from '../rescue-views.ts'

const ACTOR = { by: 'ann', reason: 'lost' }
const DEADLINE_MS = 5_000

async function setUp (t: TestContext, cluster = 'ovn') {
  const rescues = createRescueDouble()
  const app = createApi([createUnitDouble()], { rescues: new Map([['ovn', rescues]]) })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const link = createHttpRescueLink({ cluster, node: 'n1', url, tls: null, silentAfterMs: 1_000 })
  t.after(async () => {
    await link.stop()
    await app.close()
  })
  return { rescues, link, app }
}

test('every question reaches the agent of the node with its body, and its answer comes back', async t => {
  const { link, rescues } = await setUp(t)
  assert.deepEqual(await link.list(DEADLINE_MS), { rescues: [rescueView()], freeBytes: 7 })
  assert.deepEqual(await link.show(RESCUE, DEADLINE_MS), rescueView())
  await link.acknowledge(RESCUE, ACTOR, DEADLINE_MS)
  await link.remove(RESCUE, { ...ACTOR, force: true }, DEADLINE_MS)
  assert.deepEqual(await link.diff(RESCUE, { active: 'n2', kind: 'missing' }, DEADLINE_MS), rescueDiff())
  assert.deepEqual(await link.plan(RESCUE, { active: 'n2', choice: { all: true } }, DEADLINE_MS), replayPlan())
  await link.applied(RESCUE, { ...ACTOR, appliedRows: 2 }, DEADLINE_MS)
  const request = { ...ACTOR, term: 4, rescue: RESCUE, server: 'nb', operations: replayPlan().operations, replayedRows: 1 }
  assert.deepEqual(await link.replay(request, DEADLINE_MS), { ok: false, reason: 'refused', operationIndex: 0 })
  assert.equal((await link.compareCopies('n3', DEADLINE_MS)).source, 'n3')
  assert.deepEqual(rescues.asked, [
    ['list'], ['show', RESCUE], ['acknowledge', RESCUE, ACTOR], ['remove', RESCUE, { ...ACTOR, force: true }], ['diff', RESCUE, { active: 'n2', kind: 'missing' }],
    ['plan', RESCUE, { active: 'n2', choice: { all: true } }], ['applied', RESCUE, { ...ACTOR, appliedRows: 2 }], ['replay', request], ['compareCopies', 'n3']
  ])
})

test('a replay of some thousand rows fits into one request', async t => {
  const { link } = await setUp(t)
  const operations = Array.from({ length: 5_000 }, (_, index) => ({ op: 'insert', table: 'ACL', uuid: `${index}`, row: { match: 'x'.repeat(500) } }))
  assert.equal((await link.replay({ ...ACTOR, term: 4, rescue: RESCUE, server: 'nb', operations, replayedRows: 5_000 }, DEADLINE_MS)).ok, false)
})

test('what the agent refuses keeps its code and hint; a cluster without rescues there is refused too', async t => {
  const { link } = await setUp(t)
  await assert.rejects(link.remove(RESCUE, { ...ACTOR, force: false }, DEADLINE_MS), { code: 'OVSDB_HA_RESCUE_UNACKNOWLEDGED', httpStatus: 409 })
  await assert.rejects((await setUp(t, 'vtep')).link.list(DEADLINE_MS), { code: 'OVSDB_HA_UNIT_UNKNOWN' })
})

test('an agent that is gone is told as such', async t => {
  const { link, app } = await setUp(t)
  await app.close()
  await assert.rejects(link.list(DEADLINE_MS), { code: 'OVSDB_HA_AGENT_UNREACHABLE' })
})
