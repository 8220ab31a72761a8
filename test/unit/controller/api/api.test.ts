import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { ClusterListSchema, ClusterViewSchema, ErrorBodySchema, HistoryEntrySchema, HistoryListSchema, NodeListSchema, OperationReplySchema } from '../../../../protocol/api.ts'
import { historyEntry } from '../../../contract/store-fixtures.ts'
import { NoCandidateError, setUpApi, TOKENS } from './api-fixture.ts'
import { explanation, operationView } from './views.ts'

const OF_SCHEMA = (schema: TSchema, value: unknown) => { assert.deepEqual(Value.Errors(schema, value), []) }

test('clusters, one cluster and its nodes are answered as their schemas say', async t => {
  const { get } = await setUpApi(t)
  const list = await get('/v1/clusters')
  OF_SCHEMA(ClusterListSchema, list.body)
  assert.deepEqual(list.body.clusters, [{ name: 'ovn', state: 'serving', summary: 'n1 serves; 2 backups are in sync.', active: 'n1', term: 7, paused: false }])
  const one = await get('/v1/clusters/ovn')
  OF_SCHEMA(ClusterViewSchema, one.body)
  const nodes = await get('/v1/clusters/ovn/nodes')
  OF_SCHEMA(NodeListSchema, nodes.body)
  assert.deepEqual(nodes.body.nodes, one.body.nodes)
})

test('an unknown cluster is 404 and names the known ones; an unknown route is 404 too', async t => {
  const { get, post } = await setUpApi(t)
  assert.deepEqual(await get('/v1/clusters/ovm'), {
    status: 404,
    body: { code: 'OVSDB_HA_CLUSTER_UNKNOWN', message: 'This controller has no cluster ovm', hint: 'It has: ovn.', cluster: 'ovm' }
  })
  assert.equal((await post('/v1/clusters/ovm/pause')).body.code, 'OVSDB_HA_CLUSTER_UNKNOWN')
  const { status, body } = await get('/v2/clusters?x=1')
  assert.deepEqual([status, body.code, body.message], [404, 'OVSDB_HA_ROUTE_UNKNOWN', 'There is no GET /v2/clusters'])
})

describe('switchover and failover', () => {
  test('are answered with the ended operation; the service learns who asked for what', async t => {
    const { post, cluster } = await setUpApi(t)
    const { status, body } = await post('/v1/clusters/ovn/switchover', { to: 'n2', reason: 'new disk' })
    assert.equal(status, 200)
    OF_SCHEMA(OperationReplySchema, body)
    assert.equal(body.operation.outcome, 'done')
    assert.equal((await post('/v1/clusters/ovn/failover', { force: true })).status, 200)
    assert.equal((await post('/v1/clusters/ovn/switchover')).status, 200, 'no body is {}')
    assert.deepEqual(cluster.calls, [['switchover', { to: 'n2', reason: 'new disk' }, 'local'], ['failover', { force: true }, 'local'], ['switchover', {}, 'local']])
  })

  test('with wait=false are answered 202 while they run, and a later failure is logged', async t => {
    const { post, cluster, lines } = await setUpApi(t)
    const ending = Promise.withResolvers<ReturnType<typeof operationView>>()
    cluster.next = () => ending.promise
    const { status, body } = await post('/v1/clusters/ovn/switchover?wait=false', {})
    assert.deepEqual([status, body.operation.outcome, body.operation.durationMs], [202, 'running', null])
    ending.reject(new Error('agent gone'))
    await assert.rejects(ending.promise)
    await new Promise(resolve => { setImmediate(resolve) })
    assert.equal(lines.filter(line => line.msg === 'an accepted operation failed').length, 1)
  })

  for (const query of ['', '?wait=false']) {
    test(`a refusal is 409 with the refused nodes and the hint${query === '' ? '' : ', also with wait=false'}`, async t => {
      const { post, cluster } = await setUpApi(t)
      cluster.switchover = async () => { throw new NoCandidateError() }
      const { status, body } = await post(`/v1/clusters/ovn/switchover${query}`, {})
      assert.equal(status, 409)
      OF_SCHEMA(ErrorBodySchema, body)
      assert.deepEqual(body, {
        code: 'OVSDB_HA_NO_CANDIDATE',
        message: 'No node may take over ovn',
        hint: 'Wait until a backup is in sync, or take one with --force and lose what it lacks.',
        cluster: 'ovn',
        refused: [{ node: 'n3', code: 'notInSync', message: 'n3 is 40 heartbeats behind' }]
      })
    })
  }
})

test('pause and resume answer with the cluster as it then is', async t => {
  const { post } = await setUpApi(t)
  assert.deepEqual((await post('/v1/clusters/ovn/pause', { reason: 'racks' })).body.paused, { by: 'local', at: '2026-01-02T03:04:05.678Z', reason: 'racks' })
  assert.equal((await post('/v1/clusters/ovn/resume')).body.paused, null)
})

describe('bad input is refused with the field', () => {
  for (const [what, url, payload, message] of [
    ['an unknown key', '/v1/clusters/ovn/switchover', { to: 'n2', too: 'n2' }, 'body: too is not known'],
    ['a wrong type, which is not converted', '/v1/clusters/ovn/failover', { force: 'true' }, 'body: force must be boolean'],
    ['two faults at once', '/v1/clusters/ovn/failover', { to: 1, force: 1 }, 'body: to must be string; force must be boolean'],
    ['a body that is no object', '/v1/clusters/ovn/pause', [1], 'body: it must be object'],
    ['a body where none is known', '/v1/clusters/ovn/resume', { now: true }, 'body: now is not known'],
    ['an unknown query', '/v1/clusters/ovn/switchover?wiat=false', {}, 'querystring: wiat is not known']
  ] as const) {
    test(what, async t => {
      const { post, cluster } = await setUpApi(t)
      const { status, body } = await post(url, payload)
      assert.deepEqual([status, body.code, body.message], [400, 'OVSDB_HA_BAD_REQUEST', message])
      assert.deepEqual(cluster.calls, [])
    })
  }

  test('text that is not JSON, and a body that is too large', async t => {
    const { app } = await setUpApi(t)
    const send = (payload: string, type = 'application/json') => app.inject({ method: 'POST', url: '/v1/clusters/ovn/pause', payload, headers: { 'content-type': type } })
    assert.deepEqual([(await send('{"reason":')).statusCode, (await send('x', 'text/xml')).statusCode, (await send(`{"reason":"${'x'.repeat(20_000)}"}`)).statusCode], [400, 415, 413])
    assert.equal((await send('{"reason":')).json().code, 'OVSDB_HA_BAD_REQUEST')
  })
})

test('a failure inside is 500 without its words, which are in the log', async t => {
  const { get, cluster, lines } = await setUpApi(t)
  cluster.view = () => { throw new Error('secret detail') }
  const { status, body } = await get('/v1/clusters/ovn')
  assert.deepEqual([status, body.code], [500, 'OVSDB_HA_INTERNAL'])
  assert.doesNotMatch(JSON.stringify(body), /secret detail/)
  assert.match(JSON.stringify(lines), /secret detail/)
})

describe('tokens', () => {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

  test('without one 401, with an unknown one 401, a viewer may look and not act, an operator may act', async t => {
    const { app, cluster } = await setUpApi(t, { tokens: TOKENS })
    const look = (headers = {}) => app.inject({ url: '/v1/clusters', headers })
    const act = (headers = {}) => app.inject({ method: 'POST', url: '/v1/clusters/ovn/pause', payload: {}, headers })
    const missing = await look()
    assert.deepEqual([missing.statusCode, missing.json().code, missing.headers['www-authenticate']], [401, 'OVSDB_HA_NOT_AUTHENTICATED', 'Bearer'])
    assert.equal((await look(bearer('operator-secreT'))).statusCode, 401)
    assert.equal((await look(bearer('operator-secre'))).statusCode, 401)
    assert.equal((await look({ authorization: 'Basic operator-secret' })).statusCode, 401)
    assert.equal((await look(bearer('viewer-secret'))).statusCode, 200)
    const refused = await act(bearer('viewer-secret'))
    assert.deepEqual([refused.statusCode, refused.json().code, refused.json().message], [403, 'OVSDB_HA_NOT_ALLOWED', 'wall is a viewer and may not do this'])
    assert.deepEqual(cluster.calls, [])
    assert.equal((await act(bearer('operator-secret'))).statusCode, 200)
    assert.deepEqual(cluster.calls, [['pause', '', 'ann']])
  })

  test('health and metrics need none', async t => {
    const { app } = await setUpApi(t, { tokens: TOKENS })
    for (const url of ['/healthz', '/readyz', '/metrics', '/v1/openapi.json']) assert.equal((await app.inject({ url })).statusCode, 200, url)
    assert.equal((await app.inject({ url: '/v1/events' })).statusCode, 401)
  })

  test('each change is in the log with who asked and what came of it, and never with the token', async t => {
    const { post, lines } = await setUpApi(t, { tokens: TOKENS })
    await post('/v1/clusters/ovn/switchover', { to: 'n2' }, bearer('operator-secret'))
    await post('/v1/clusters/ovn/switchover', { to: 'n2' }, bearer('viewer-secret'))
    const audit = lines.filter(line => line.audit === true).map(({ msg, actor, action, params, body, status }) => ({ msg, actor, action, params, body, status }))
    const action = { action: 'POST /v1/clusters/:cluster/switchover', params: { cluster: 'ovn' } }
    assert.deepEqual(audit, [
      { msg: 'operator request accepted', actor: 'ann', ...action, body: { to: 'n2' }, status: undefined },
      { msg: 'operator request answered', actor: 'ann', ...action, body: { to: 'n2' }, status: 200 },
      { msg: 'operator request answered', actor: 'wall', ...action, body: undefined, status: 403 }
    ])
    assert.doesNotMatch(JSON.stringify(lines), /secret/)
  })

  test('without configured tokens web pages of other sites are refused, those of this API are not', async t => {
    const { app } = await setUpApi(t)
    const act = async (headers: Record<string, string>) => (await app.inject({ method: 'POST', url: '/v1/clusters/ovn/pause', headers })).statusCode
    assert.equal(await act({ host: '127.0.0.1:8640', origin: 'https://evil.example' }), 403)
    assert.equal(await act({ host: 'evil.example:8640', origin: 'http://evil.example:8640' }), 403)
    assert.equal(await act({ host: '127.0.0.1:8640', origin: 'null' }), 403)
    assert.equal(await act({ host: '127.0.0.1:8640', origin: 'http://127.0.0.1:8640' }), 200)
    assert.equal(await act({ host: '[::1]:8640' }), 200)
    assert.equal(await act({ host: 'localhost:8640' }), 200)
  })
})

describe('history', () => {
  test('comes newest first, a page at a time, for one cluster', async t => {
    const { get, append } = await setUpApi(t)
    for (const cluster of ['ovn', 'vtep', 'ovn', 'ovn']) await append(historyEntry({ cluster }))
    const ids = async (query: string) => {
      const { body } = await get(`/v1/clusters/ovn/history${query}`)
      OF_SCHEMA(HistoryListSchema, body)
      return body.entries.map((entry: { readonly id: number }) => entry.id)
    }
    assert.deepEqual(await ids(''), [4, 3, 1])
    assert.deepEqual(await ids('?limit=2'), [4, 3])
    assert.deepEqual(await ids('?limit=2&before=3'), [1])
    const { status, body } = await get('/v1/clusters/ovn/history?limit=ten&before=0')
    assert.deepEqual([status, body.message], [400, 'querystring: limit must be integer; before must be >= 1'])
  })

  test('one entry comes with its operation, an unknown one is 404', async t => {
    const { get, append } = await setUpApi(t)
    await append(historyEntry({ kind: 'operationEnded', operation: operationView() }))
    const { body } = await get('/v1/history/1')
    OF_SCHEMA(HistoryEntrySchema, body)
    assert.deepEqual(body.operation, { ...operationView(), losses: [] })
    assert.deepEqual([(await get('/v1/history/7')).body.code, (await get('/v1/history/x')).status], ['OVSDB_HA_HISTORY_UNKNOWN', 400])
  })

  test('the record of a failover says what it lost, when its old active is back and told it; lists leave that out', async t => {
    const { get, append } = await setUpApi(t)
    const loss = { server: 'nb', wroteTerm: 7, active: 'n2', missingRows: 3, changedRows: 0, extraRows: 9, problem: null, rescue: 'n1-0123abcd' }
    const told = historyEntry({ node: 'n1', kind: 'lossCounted', facts: loss })
    await append(historyEntry({ kind: 'operationEnded', operation: operationView() }))
    await append(told)
    await append({ ...told, cluster: 'vtep', facts: { ...loss, server: 'vtep' } })
    const { body } = await get('/v1/history/1')
    OF_SCHEMA(HistoryEntrySchema, body)
    assert.deepEqual(body.operation.losses, [{ at: told.at, node: 'n1', ...loss }])
    assert.equal((await get('/v1/clusters/ovn/history')).body.entries.at(-1).operation.losses, undefined)
  })

  test('a decision is explained now, and later from its entry; lists leave that out, and an entry that is none is refused', async t => {
    const { get, append } = await setUpApi(t)
    assert.deepEqual((await get('/v1/clusters/ovn/explain')).body, { id: null, explanation: explanation(), operation: null })
    await append(historyEntry({ kind: 'operationEnded', operation: operationView(), explanation: explanation({ what: 'long ago' }) }))
    await append(historyEntry({ kind: 'nodeReports' }))
    await append(historyEntry({ cluster: 'vtep', kind: 'holdBegan', explanation: explanation({ cluster: 'vtep' }) }))
    assert.deepEqual((await get('/v1/clusters/ovn/explain?id=1')).body, { id: 1, explanation: explanation({ what: 'long ago' }), operation: operationView() })
    assert.deepEqual(await Promise.all(['2', '3', '9', 'x'].map(async at => (await get(`/v1/clusters/ovn/explain?id=${at}`)).body.code)),
      ['OVSDB_HA_NOT_EXPLAINED', 'OVSDB_HA_NOT_EXPLAINED', 'OVSDB_HA_HISTORY_UNKNOWN', 'OVSDB_HA_BAD_REQUEST'])
    assert.ok(!JSON.stringify((await get('/v1/clusters/ovn/history')).body).includes('long ago'))
    assert.ok(JSON.stringify((await get('/v1/history/1')).body).includes('long ago'))
  })

  test('a certificate that was good at the start and is no more is 503 for readiness alone', async t => {
    const { get } = await setUpApi(t, { certificateReason: () => 'the certificate: it expired at 2026-01-01T00:00:00.000Z' })
    const { status, body } = await get('/readyz')
    assert.deepEqual([status, body.code, body.message], [503, 'OVSDB_HA_CERTIFICATE_ENDED', 'the certificate: it expired at 2026-01-01T00:00:00.000Z'])
    assert.equal((await get('/healthz')).status, 200)
  })

  test('a store that does not answer is 503 for history and readiness, and nothing else', async t => {
    const { get, store } = await setUpApi(t)
    await store.close()
    assert.deepEqual([(await get('/readyz')).status, (await get('/v1/clusters/ovn/history')).body.code], [503, 'OVSDB_HA_STORE_UNAVAILABLE'])
    assert.deepEqual([(await get('/healthz')).status, (await get('/v1/clusters/ovn')).status], [200, 200])
  })
})

test('the preview of a failover is for viewers, and asks for force as it is said', async t => {
  const { get, cluster } = await setUpApi(t)
  const forced = await get('/v1/clusters/ovn/failover/preview?force=true&to=n2')
  assert.deepEqual([forced.status, forced.body.to, forced.body.refusal], [200, 'n2', null])
  assert.equal((await get('/v1/clusters/ovn/failover/preview')).body.refusal.code, 'OVSDB_HA_NO_CANDIDATE')
  assert.equal((await get('/v1/clusters/ovn/failover/preview?force=maybe')).status, 400)
  assert.deepEqual(cluster.calls, [])
})

test('the OpenAPI description has every route with its schemas', async t => {
  const { get } = await setUpApi(t)
  const { body } = await get('/v1/openapi.json')
  assert.equal(body.openapi, '3.1.0')
  assert.deepEqual(Object.keys(body.paths).sort(), [
    '/healthz',
    '/metrics',
    '/readyz',
    '/v1/clusters',
    '/v1/clusters/{cluster}',
    '/v1/clusters/{cluster}/acknowledge',
    '/v1/clusters/{cluster}/explain',
    '/v1/clusters/{cluster}/failover',
    '/v1/clusters/{cluster}/failover/compare',
    '/v1/clusters/{cluster}/failover/preview',
    '/v1/clusters/{cluster}/history',
    '/v1/clusters/{cluster}/nodes',
    '/v1/clusters/{cluster}/nodes/{node}/confirm-off',
    '/v1/clusters/{cluster}/nodes/{node}/fence',
    '/v1/clusters/{cluster}/nodes/{node}/preference',
    '/v1/clusters/{cluster}/nodes/{node}/unfence',
    '/v1/clusters/{cluster}/pause',
    '/v1/clusters/{cluster}/planned-switchovers',
    '/v1/clusters/{cluster}/planned-switchovers/{id}/cancel',
    '/v1/clusters/{cluster}/quorum/force',
    '/v1/clusters/{cluster}/rescues',
    '/v1/clusters/{cluster}/rescues/{id}',
    '/v1/clusters/{cluster}/rescues/{id}/acknowledge',
    '/v1/clusters/{cluster}/rescues/{id}/apply',
    '/v1/clusters/{cluster}/rescues/{id}/diff',
    '/v1/clusters/{cluster}/rescues/{id}/remove',
    '/v1/clusters/{cluster}/resume',
    '/v1/clusters/{cluster}/schedules',
    '/v1/clusters/{cluster}/schedules/{job}/run',
    '/v1/clusters/{cluster}/snapshots',
    '/v1/clusters/{cluster}/snapshots/{id}/restore',
    '/v1/clusters/{cluster}/snapshots/{id}/verify',
    '/v1/clusters/{cluster}/switchover',
    '/v1/clusters/{cluster}/switchover/preview',
    '/v1/clusters/{cluster}/upgrade',
    '/v1/clusters/{cluster}/upgrade/check',
    '/v1/clusters/{cluster}/upgrade/resume',
    '/v1/clusters/{cluster}/upgrade/run',
    '/v1/clusters/{cluster}/upgrade/stop',
    '/v1/clusters/{cluster}/verifications',
    '/v1/clusters/{cluster}/verifications/{id}',
    '/v1/clusters/{cluster}/voters/{node}/add',
    '/v1/clusters/{cluster}/voters/{node}/remove',
    '/v1/events',
    '/v1/history/{id}'
  ])
  const { post } = body.paths['/v1/clusters/{cluster}/switchover']
  assert.equal(post.requestBody.content['application/json'].schema.additionalProperties, false)
  assert.ok(post.responses['409'].content['application/json'].schema.properties.hint)
})

test('metrics are Prometheus text', async t => {
  const { app, metrics, cluster } = await setUpApi(t)
  metrics.viewChanged(cluster.view())
  const answer = await app.inject({ url: '/metrics' })
  assert.match(String(answer.headers['content-type']), /^text\/plain/)
  assert.match(answer.body, /^ovsdb_ha_active_nodes\{cluster="ovn"\} 1$/m)
})
