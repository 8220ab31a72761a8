import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { demote } from '../../../agent/demote.ts'
import { createWorld, serverDouble } from './port-doubles.ts'

const log = pino({ level: 'silent' })

test('the last marker is written behind a gate that is certainly shut, and before the server is read-only (S7)', async () => {
  const world = createWorld()
  await demote(serverDouble(world, 'sb'), 'last-4-n1', log)
  assert.deepEqual(world.log, ['closeGate sb', 'writeMarker sb', 'becomeBackup sb', 'closeGate sb'])
})

test('a marker that cannot be written keeps no server from becoming a backup (S5)', async () => {
  const world = createWorld()
  world.failing.set('writeMarker sb', 'no answer')
  await demote(serverDouble(world, 'sb'), 'last-4-n1', log)
  assert.deepEqual(world.log.slice(-2), ['becomeBackup sb', 'closeGate sb'])
})

test('without one nothing is written', async () => {
  const world = createWorld()
  await demote(serverDouble(world, 'sb'), null, log)
  assert.deepEqual(world.log, ['becomeBackup sb', 'closeGate sb'])
})
