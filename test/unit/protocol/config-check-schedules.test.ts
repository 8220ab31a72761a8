import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireConfig } from '../../../protocol/config.ts'
import { fileWith, problemsWith, warningsWith } from '../../config-fixture.ts'

const schedules = (edits: Readonly<Record<string, unknown>>) => Object.fromEntries(Object.entries(edits).map(([key, value]) => [`clusters.0.schedules.${key}`, value]))
const told = (edits: Readonly<Record<string, unknown>>) => problemsWith(schedules(edits)).map(({ path, message }) => `${path}: ${message}`)

test('schedules are resolved with their times, and without any no job runs', () => {
  const of = (edits: Readonly<Record<string, unknown>>) => requireConfig(fileWith(schedules(edits)), 'cluster.yaml').config.clusters[0]?.schedules
  assert.deepEqual(of({}), { timezone: 'UTC', jitterMs: 60_000, startWithinMs: 900_000, compaction: null, drill: null })
  assert.deepEqual(of({ timezone: 'Europe/Berlin', jitter: '0s', startWithin: '2h', compaction: { cron: '30 3 * * *' }, drill: { cron: '0 4 1 * *', stay: '5m' } }), {
    timezone: 'Europe/Berlin', jitterMs: 0, startWithinMs: 7_200_000, compaction: { cron: '30 3 * * *', quietForMs: 10_000 }, drill: { cron: '0 4 1 * *', stayMs: 300_000 }
  })
})

test('a schedule that is none, or never comes, and a time zone that is none are refused by name', () => {
  assert.deepEqual(told({ compaction: { cron: '30 25 * * *' } }), ['clusters[0].schedules.compaction.cron: 25 is no hour'])
  assert.deepEqual(told({ drill: { cron: '0 0 31 4 *' } }), ['clusters[0].schedules.drill.cron: never comes'])
  assert.deepEqual(told({ drill: {} }), ['clusters[0].schedules.drill.cron: is missing'])
  assert.deepEqual(told({ timezone: 'Mars/Olympus', drill: { cron: '0 4 1 * *' } }), ['clusters[0].schedules.timezone: is no time zone'])
  assert.deepEqual(told({ startWithin: '1s', drill: { cron: '0 4 1 * *' } }), ['clusters[0].schedules.startWithin: is out of range'])
})

test('an unknown key is refused with the nearest known one', () => {
  assert.deepEqual(problemsWith(schedules({ compacton: { cron: '30 3 * * *' } })).map(({ path, nearest }) => [path, nearest]), [['clusters[0].schedules.compacton', 'compaction']])
  assert.deepEqual(problemsWith(schedules({ drill: { crom: '30 3 * * *', cron: '30 3 * * *' } })).map(({ path, nearest }) => [path, nearest]), [['clusters[0].schedules.drill.crom', 'cron']])
})

test('a drill needs a second data node; schedules without a job are a warning', () => {
  const one = { 'clusters.0.nodes': ['ctl1', { name: 'ctl2', witness: true }, { name: 'ctl3', witness: true }] }
  assert.match(problemsWith({ ...schedules({ drill: { cron: '0 4 1 * *' } }), ...one }).map(({ message }) => message).join(), /nothing to switch over to/)
  assert.match(warningsWith(schedules({ timezone: 'UTC' })).map(({ message }) => message).join(), /no job is scheduled/)
  assert.doesNotMatch(warningsWith(schedules({ drill: { cron: '0 4 1 * *' } })).map(({ message }) => message).join(), /no job is scheduled/)
})
