import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ServerStatistics } from '../../../../agent/statistics-service.ts'
import { StaleTermError } from '../../../../protocol/order-errors.ts'
import { until } from '../../../contract/support/wait.ts'
import { createApi, createUnitDouble } from './unit-double.ts'

const SERVING = { phase: 'active', lease: { term: 4, held: true, remainingMs: 900, releasedTerm: 0, releasedServed: false, votersGeneration: 0, without: null } } as const
const LEASE = { term: 4, holder: 'n2', voters: { generation: 1, names: ['n1', 'n2', 'n3'] }, holdMs: 3_000, sequence: 0, leaveOut: [], boots: {} }

describe('health', () => {
  test('/healthz answers 200 whatever the databases do', async () => {
    const app = createApi([createUnitDouble({ phase: 'starting' })])
    assert.equal((await app.inject('/healthz')).statusCode, 200)
  })

  test('/readyz is 200 only when every unit has started and can vote, and says what is missing', async () => {
    const [ovn, vtep] = [createUnitDouble(), createUnitDouble({ cluster: 'vtep' })]
    const app = createApi([ovn, vtep])
    assert.equal((await app.inject('/readyz')).statusCode, 200)
    vtep.say({ phase: 'starting' })
    ovn.say({ voter: { ...ovn.report().voter, problem: 'state file is damaged' } })
    const answer = await app.inject('/readyz')
    assert.equal(answer.statusCode, 503)
    assert.deepEqual(answer.json(), { ready: false, reasons: ['ovn: it cannot vote: state file is damaged', 'vtep: it is starting'] })
  })

  test('/active is 200 only under an unexpired lease in phase active (S2)', async () => {
    const unit = createUnitDouble(SERVING)
    const app = createApi([unit])
    assert.equal((await app.inject('/active')).statusCode, 200)
    unit.say({ lease: { ...SERVING.lease, remainingMs: 0 } })
    const lapsed = await app.inject('/active?cluster=ovn')
    assert.equal(lapsed.statusCode, 503)
    assert.equal(lapsed.body, '{"cluster":"ovn","node":"n1","active":false,"reason":"the lease has ended"}')
    unit.say({ ...SERVING, phase: 'promoting' })
    assert.equal((await app.inject('/active')).json().reason, 'the node is promoting, not active')
  })

  test('/active asks for the cluster\'s name where there are several, and knows an unknown one', async () => {
    const app = createApi([createUnitDouble(), createUnitDouble({ cluster: 'vtep', ...SERVING })])
    const unnamed = await app.inject('/active')
    assert.equal(unnamed.statusCode, 400)
    assert.match(unnamed.json().hint, /ovn, vtep/)
    assert.equal((await app.inject('/active?cluster=vtep')).statusCode, 200)
    assert.equal((await app.inject('/active?cluster=other')).statusCode, 404)
  })
})

describe('votes and orders', () => {
  test('requests reach the unit of the cluster that they name, and a refused vote is an answer', async () => {
    const unit = createUnitDouble()
    const other = createUnitDouble({ cluster: 'vtep' })
    const app = createApi([unit, other])
    const term = { term: 5, holder: 'n1', controller: 'c1', reason: 'lost', voters: { generation: 1, names: ['n1', 'n2', 'n3'] }, leaveOut: [{ holder: 'n2', term: 4, why: 'released' }] }
    const refusal = { ok: false, refusal: 'stillRenewing', term: 4, holder: 'n2', remainingMs: 1_200, voters: null } as const
    unit.termReply = refusal
    const refused = await app.inject({ method: 'POST', url: '/v1/clusters/ovn/term', payload: term })
    assert.deepEqual([refused.statusCode, refused.json()], [200, refusal])
    const lease = await app.inject({ method: 'POST', url: '/v1/clusters/ovn/lease', payload: LEASE })
    assert.deepEqual([lease.statusCode, lease.json()], [200, { ok: true }])
    const released = { term: 4, holder: 'n2', served: true }
    assert.equal((await app.inject({ method: 'POST', url: '/v1/clusters/ovn/release', payload: released })).statusCode, 204)
    const order = { type: 'follow', term: 4, controller: 'c1', deadlineMs: 1_000, source: 'n2' }
    assert.deepEqual((await app.inject({ method: 'POST', url: '/v1/clusters/ovn/orders', payload: order })).json(), { ok: true, reason: null, steps: [] })
    assert.deepEqual(unit.asked, [
      { method: 'term', body: term }, { method: 'lease', body: LEASE }, { method: 'release', body: released }, { method: 'order', body: order }
    ])
    assert.deepEqual(other.asked, [])
  })

  test('an order with an old term is 409 with the current one (S1), and is counted', async () => {
    const unit = createUnitDouble()
    unit.onOrder = async order => { throw new StaleTermError('ovn', 'n1', order.term, 9) }
    const app = createApi([unit])
    const answer = await app.inject({ method: 'POST', url: '/v1/clusters/ovn/orders', payload: { type: 'handoverFinish', term: 3, controller: 'c1', deadlineMs: 1_000 } })
    assert.equal(answer.statusCode, 409)
    const { hint, ...body } = answer.json()
    assert.deepEqual(body, { code: 'OVSDB_HA_STALE_TERM', message: 'the order is of term 3, and n1 knows term 9', cluster: 'ovn', node: 'n1', term: 9 })
    assert.match((await app.inject('/metrics')).body, /^ovsdb_ha_stale_term_rejected_total\{cluster="ovn",node="n1"\} 1$/m)
  })

  test('unknown keys, wrong types and text for numbers are refused, each by name, and nothing is asked of the unit', async () => {
    const unit = createUnitDouble()
    const app = createApi([unit])
    const bodies = [
      [{ ...LEASE, bogus: 1 }, /body: bogus is not known/],
      [{ ...LEASE, term: '4' }, /body: term /],
      [{ ...LEASE, leaveOut: [{ holder: 'n2', term: 4, why: 'guess' }] }, /leaveOut\.0\.why/],
      [without(LEASE, 'voters'), /body: .*voters/],
      [{ ...LEASE, voters: { generation: 0, names: ['n1'] } }, /voters\.generation/],
      [{ term: 4 }, /body: /]
    ] as const
    for (const [payload, message] of bodies) {
      const answer = await app.inject({ method: 'POST', url: '/v1/clusters/ovn/lease', payload })
      assert.equal(answer.statusCode, 400, JSON.stringify(payload))
      assert.equal(answer.json().code, 'OVSDB_HA_REQUEST_INVALID')
      assert.match(answer.json().message, message)
    }
    const order = await app.inject({ method: 'POST', url: '/v1/clusters/ovn/orders', payload: { type: 'follow', term: 1, controller: 'c', deadlineMs: 10, source: 'n2', force: true } })
    assert.equal(order.statusCode, 400)
    assert.deepEqual(unit.asked, [])
  })

  test('what is not JSON, too large, or unknown is refused as what it is', async () => {
    const app = createApi([createUnitDouble(), createUnitDouble({ cluster: 'vtep' })])
    const post = async (url: string, payload: string) => await app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } })
    assert.equal((await post('/v1/clusters/ovn/lease', '{"term":')).statusCode, 400)
    assert.equal((await post('/v1/clusters/ovn/lease', JSON.stringify({ ...LEASE, holder: 'x'.repeat(70_000) }))).statusCode, 413)
    const unknown = await post('/v1/clusters/other/lease', JSON.stringify(LEASE))
    assert.deepEqual([unknown.statusCode, unknown.json().hint], [404, 'It is a member of: ovn, vtep.'])
    const route = await app.inject('/v1/nothing')
    assert.deepEqual([route.statusCode, route.json().code], [404, 'OVSDB_HA_AGENT_ROUTE_UNKNOWN'])
  })

  test('a bug answers 500 without its cause', async () => {
    const unit = createUnitDouble()
    unit.onOrder = async () => { throw new Error('secret') }
    const answer = await createApi([unit]).inject({ method: 'POST', url: '/v1/clusters/ovn/orders', payload: { type: 'handoverFinish', term: 3, controller: 'c1', deadlineMs: 1_000 } })
    assert.equal(answer.statusCode, 500)
    assert.equal(answer.json().code, 'OVSDB_HA_AGENT_INTERNAL')
    assert.doesNotMatch(answer.body, /secret/)
  })
})

describe('metrics', () => {
  test('gauges follow the report, one-hot states have one 1, and series that are gone disappear', async () => {
    const unit = createUnitDouble(SERVING)
    const app = createApi([unit])
    const lines = async () => (await app.inject('/metrics')).body.split('\n')
    const before = await lines()
    for (const line of [
      'ovsdb_ha_agent_role{cluster="ovn",role="active",node="n1"} 1', 'ovsdb_ha_agent_role{cluster="ovn",role="backup",node="n1"} 0', 'ovsdb_ha_lease_remaining_seconds{cluster="ovn",node="n1"} 0.9',
      'ovsdb_ha_agent_term{cluster="ovn",node="n1"} 4', 'ovsdb_ha_endpoint_held{cluster="ovn",address="10.0.0.100",node="n1"} 0', 'ovsdb_ha_guard_ok{cluster="ovn",kind="nftables",node="n1"} 1',
      'ovsdb_ha_server_health{cluster="ovn",server="nb",health="up",node="n1"} 1', 'ovsdb_ha_position_sequence{cluster="ovn",server="nb",node="n1"} 17', 'ovsdb_ha_unsanctioned_active_total{cluster="ovn",node="n1"} 0'
    ]) assert.ok(before.includes(line), line)
    assert.equal(before.filter(line => line.startsWith('ovsdb_ha_agent_role{') && line.endsWith(' 1')).length, 1)

    unit.say({ lease: { ...SERVING.lease, remainingMs: 0 }, servers: [] })
    unit.happen('unsanctionedActive')
    const later = await lines()
    for (const line of ['ovsdb_ha_agent_role{cluster="ovn",role="active",node="n1"} 0', 'ovsdb_ha_lease_held{cluster="ovn",node="n1"} 0', 'ovsdb_ha_unsanctioned_active_total{cluster="ovn",node="n1"} 1', 'ovsdb_ha_happenings_total{cluster="ovn",kind="unsanctionedActive",node="n1"} 1']) assert.ok(later.includes(line), line)
    assert.ok(!later.some(line => line.includes('server="nb"')))
  })

  test('what the servers say of themselves is there while they say it, and only then; every series has the node', async () => {
    let counts: ServerStatistics['counts'] = { sessions: 3, monitors: 2, backlog: 0 }
    const statistics = { read: async () => [{ server: 'nb', database: 'OVN_Northbound', counts, freeDiskBytes: counts.sessions === undefined ? null : 4_096 }], close () {} }
    const app = createApi([createUnitDouble()], { statistics: new Map([['ovn', statistics]]) })
    const lines = async () => (await app.inject('/metrics')).body.split('\n').filter(line => line.startsWith('ovsdb_ha_'))
    const before = await lines()
    const labels = '{cluster="ovn",server="nb",node="n1"}'
    for (const line of [`jsonrpc_server_sessions${labels} 3`, `ovsdb_monitors${labels} 2`, `ovsdb_backlog_bytes${labels} 0`, `db_disk_free_bytes${labels} 4096`, 'server_info{cluster="ovn",server="nb",database="OVN_Northbound",version="3.1.0",node="n1"} 1']) {
      assert.ok(before.includes(`ovsdb_ha_${line}`), `${line} is not in\n${before.join('\n')}`)
    }
    assert.ok(!before.some(line => line.startsWith('ovsdb_ha_ovsdb_atoms{')), 'what this version does not tell is absent')
    assert.deepEqual(before.filter(line => !line.includes('node="n1"')), [])
    assert.ok(!before.some(line => line.includes('certificate_expiry')), 'no TLS, no end of it')
    counts = {}
    const silent = await lines()
    assert.ok(!silent.some(line => /sessions|monitors|backlog|disk_free/.test(line)), silent.join('\n'))
  })

  test('closing the api closes what asks the servers', async () => {
    let closed = 0
    const app = createApi([createUnitDouble()], { statistics: new Map([['ovn', { read: async () => [], close () { closed += 1 } }]]) })
    await app.close()
    assert.equal(closed, 1)
  })

  test('the lag counts from the agent\'s own look, since followers hear of no heartbeat; an active has none', async t => {
    const unit = createUnitDouble()
    let looks = 0
    const counted = { ...unit, report: () => { looks += 1; return unit.report() } }
    const app = createApi([counted])
    t.after(() => app.close())
    const lag = async () => Number(/^ovsdb_ha_replication_lag_seconds\{cluster="ovn",server="nb",node="n1"\} (\S+)$/m.exec((await app.inject('/metrics')).body)?.[1])
    await until('its first look', 10_000, async () => looks > 0)
    assert.ok(await lag() > 0)
    const [server] = unit.report().servers
    unit.change({ servers: [{ ...server!, position: { term: 4, sequence: 18, writer: 'n2' } }] })
    const before = looks
    await until('its next look', 10_000, async () => looks > before)
    assert.ok(await lag() > 0, 'who asks is not the first to see it')
    unit.change({ servers: [{ ...server!, role: 'active' }] })
    assert.ok(Number.isNaN(await lag()))
  })

  test('closing the api lets go of the units', async () => {
    const unit = createUnitDouble()
    const app = createApi([unit])
    await app.ready()
    assert.ok(unit.followers() > 0)
    await app.close()
    assert.equal(unit.followers(), 0)
  })
})

/** As a sender of an older version would say it. */
function without (body: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== key))
}
