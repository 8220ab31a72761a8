// The benchmarks give numbers of real changes, and leave nothing behind.
import assert from 'node:assert/strict'
import path from 'node:path'
import test, { after } from 'node:test'
import { execa } from 'execa'
import type { BenchReport } from '../bench/report.ts'
import { leftovers } from '../testbed/leftovers.ts'
import { removeTestbed } from '../testbed/remove.ts'

const MAIN = path.resolve(import.meta.dirname, '../bench/main.ts')
const INDEX = 10
const DEADLINE_MS = 120_000

after(() => removeTestbed(INDEX))

const bench = (...args: readonly string[]) => execa(process.execPath, [MAIN, ...args], { stdin: 'ignore', timeout: DEADLINE_MS, reject: false })

for (const [name, events] of [['failover', ['server crash', 'node cut']], ['switchover', ['switchover']]] as const) {
  test(`${name} measures what clients see of ${events.join(' and ')}, and where the time goes`, async () => {
    const { exitCode, stdout, stderr } = await bench(name, '--runs', '1', '--json', '--index', String(INDEX))
    assert.equal(exitCode, 0, stderr)
    const report = JSON.parse(stdout) as BenchReport
    assert.deepEqual(report.events.map(({ event }) => event), events)
    for (const { event, measurements: [one] } of report.events) {
      assert.ok(one !== undefined && one.from !== one.to, event)
      assert.ok(one.outageMs > 0 && one.ackedWrites >= 200, `${event}: ${JSON.stringify(one)}`)
      const names = one.steps.map(step => step.name.split(' ')[0])
      for (const step of ['take', 'lease', 'promote', 'endpoint', 'guard', 'gate']) assert.ok(names.includes(step), `${event} has no step ${step}`)
    }
    assert.deepEqual(await leftovers(INDEX), [])
  })
}

test('a bench that does not exist is refused with 2 and the names of those that do', async () => {
  const { exitCode, stderr } = await bench('scale')
  assert.equal(exitCode, 2)
  assert.match(stderr, /scale.*failover, switchover/)
})
