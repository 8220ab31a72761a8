import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { pino } from 'pino'
import { createCheckServer } from '../../../../agent/api/check-server.ts'
import { ShellOverloadedError } from '../../../../agent/shell-errors.ts'
import type { UnitService } from '../../../../agent/unit-service.ts'
import { createUnitDouble } from './unit-double.ts'

const SERVING = { phase: 'active', lease: { term: 4, held: true, remainingMs: 900, releasedTerm: 0, releasedServed: false, votersGeneration: 0, without: null } } as const

function serverOf (t: TestContext, unit: UnitService) {
  const server = createCheckServer({ unit, node: 'n1', logger: pino({ level: 'silent' }) })
  t.after(() => server.close())
  return server
}

test('a load balancer without a certificate asks its one cluster without its name, by GET or HEAD', async t => {
  const unit = createUnitDouble(SERVING)
  const server = serverOf(t, unit)
  for (const method of ['GET', 'HEAD'] as const) assert.equal((await server.inject({ method, url: '/active' })).statusCode, 200)
  unit.change({ phase: 'handingOver' })
  for (const method of ['GET', 'HEAD'] as const) assert.equal((await server.inject({ method, url: '/active' })).statusCode, 503)
  assert.equal((await server.inject('/active?cluster=other')).statusCode, 404)
})

test('nothing but health is to be had there: no report, no metrics, no vote, no order', async t => {
  const unit = createUnitDouble(SERVING)
  const server = serverOf(t, unit)
  for (const url of ['/metrics', '/v1/clusters/ovn/report', '/v1/clusters/ovn/rescues']) assert.equal((await server.inject(url)).statusCode, 404, url)
  for (const path of ['term', 'lease', 'release', 'orders']) assert.equal((await server.inject({ method: 'POST', url: `/v1/clusters/ovn/${path}`, payload: {} })).statusCode, 404, path)
  assert.deepEqual(unit.asked, [])
})

test('an agent that has no state yet is not active (503)', async t => {
  const unit = createUnitDouble(SERVING)
  const server = serverOf(t, { ...unit, report () { throw new ShellOverloadedError('ovn', 'n1', 'the agent is still starting') } })
  for (const url of ['/active', '/backup']) assert.equal((await server.inject(url)).statusCode, 503, url)
})

test('over a socket, a check is answered by a connection of its own, and closing ends those that stay open', async t => {
  const server = serverOf(t, createUnitDouble(SERVING))
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  assert.equal((await fetch(`${url}/active`)).status, 200)
  await server.close()
  await assert.rejects(fetch(`${url}/active`))
})
