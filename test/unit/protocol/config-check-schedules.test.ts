import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireConfig } from '../../../protocol/config.ts'
import { fileWith, problemsWith, soundFile, warningsWith } from '../../config-fixture.ts'

const schedules = (edits: Readonly<Record<string, unknown>>) => Object.fromEntries(Object.entries(edits).map(([key, value]) => [`clusters.0.schedules.${key}`, value]))
const told = (edits: Readonly<Record<string, unknown>>) => problemsWith(schedules(edits)).map(({ path, message }) => `${path}: ${message}`)

test('schedules are resolved with their times, and without any no job runs', () => {
  const of = (edits: Readonly<Record<string, unknown>>) => requireConfig(fileWith(schedules(edits)), 'cluster.yaml').config.clusters[0]?.schedules
  assert.deepEqual(of({}), { timezone: 'UTC', jitterMs: 60_000, startWithinMs: 900_000, snapshot: null, audit: null, compaction: null, drill: null })
  assert.deepEqual(of({ timezone: 'Europe/Berlin', jitter: '0s', startWithin: '2h', snapshot: { cron: '0 2 * * *' }, audit: { cron: '0 3 * * 0' }, compaction: { cron: '30 3 * * *' }, drill: { cron: '0 4 1 * *', stay: '5m' } }), {
    timezone: 'Europe/Berlin', jitterMs: 0, startWithinMs: 7_200_000, snapshot: { cron: '0 2 * * *' }, audit: { cron: '0 3 * * 0' }, compaction: { cron: '30 3 * * *', quietForMs: 10_000 }, drill: { cron: '0 4 1 * *', stayMs: 300_000 }
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

test('snapshots have their place below the state, limits, and a hook with its arguments', () => {
  const of = (snapshots: unknown) => requireConfig(fileWith({ 'clusters.0.snapshots': snapshots }), 'cluster.yaml').config.clusters[0]?.snapshots
  assert.deepEqual(of(undefined), { directory: '/var/lib/ovsdb-ha/ovn/snapshots', maxSnapshots: 14, maxBytes: 10 * 1024 ** 3, hook: [], hookTimeoutMs: 600_000 })
  assert.deepEqual(of({ directory: '/backup', maxSnapshots: 3, maxSize: '1MiB', hook: ['/usr/local/sbin/ship', '--to', 'store'], hookTimeout: '5s' }), { directory: '/backup', maxSnapshots: 3, maxBytes: 1024 ** 2, hook: ['/usr/local/sbin/ship', '--to', 'store'], hookTimeoutMs: 5_000 })
  assert.deepEqual(of({ hook: '/usr/local/sbin/ship' })?.hook, ['/usr/local/sbin/ship'])
  assert.match(problemsWith({ 'clusters.0.snapshots': { hook: ['ship'] } }).map(({ path, message }) => `${path} ${message}`).join(), /snapshots\.hook\[0\] is no absolute path/)
})

test('two clusters do not keep their snapshots in one directory', () => {
  const second = { ...soundFile().clusters[0], name: 'other', snapshots: { directory: '/backup' } }
  const told = problemsWith({ 'clusters.0.snapshots': { directory: '/backup' }, 'clusters.1': second }).map(({ path, message }) => `${path} ${message}`)
  assert.ok(told.includes('clusters[1].snapshots.directory is the directory of another cluster\'s snapshots too (clusters[0].snapshots.directory)'), told.join('\n'))
})
