// A short campaign of a fixed seed: the long ones are `npm run chaos`.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import type { ChaosReport } from '../chaos/report.ts'
import { leftovers } from '../testbed/leftovers.ts'
import { removeTestbed } from '../testbed/remove.ts'
import { poll } from '../testbed/wait.ts'

const MAIN = path.resolve(import.meta.dirname, '../chaos/main.ts')
const INDEX = 12
const DEADLINE_MS = 240_000

after(() => removeTestbed(INDEX))

function start (...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, '--index', String(INDEX), ...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => { text += part })
  const ended = once(child, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) }).then(([code]) => ({ code: code as number | null, text }))
  ended.catch(() => { /* whoever waits for it gets it */ })
  return {
    ended,
    untilSaid: (pattern: RegExp) => poll(async () => pattern.test(text) ? true : null, { deadlineMs: DEADLINE_MS, what: `${String(pattern)} in ${text}` }),
    interrupt: () => process.kill(-child.pid!, 'SIGINT')
  }
}

test('half a minute of chaos: nothing acknowledged is lost, no two actives, and the cluster is whole afterwards', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-chaos-'))
  t.after(() => rm(folder, { recursive: true }))
  const { code, text } = await start('--minutes', '0.5', '--seed', '7', '--json', path.join(folder, 'report.json')).ended
  assert.equal(code, 0, text)
  assert.match(text, /No violation\./)
  const report = JSON.parse(await readFile(path.join(folder, 'report.json'), 'utf8')) as ChaosReport
  assert.deepEqual(report.violations, [])
  assert.ok(report.struckFaults >= 5, `${report.struckFaults} faults`)
  assert.ok(report.rows.acked >= 500 && report.rows.lost === 0, JSON.stringify(report.rows))
  assert.ok(report.observer.accepted > 0 && report.direct.attempts > 0)
  t.diagnostic(text)
  assert.deepEqual(await leftovers(INDEX), [])
})

test('a Ctrl-C in the middle of the faults takes everything down and ends with 130', async () => {
  const run = start('--minutes', '2', '--seed', '7')
  await run.untilSaid(/the first round begins/)
  run.interrupt()
  run.interrupt()
  const { code, text } = await run.ended
  assert.equal(code, 130, text)
  assert.deepEqual(await leftovers(INDEX), [])
})

test('wrong arguments are refused with 2, and nothing is started', async () => {
  for (const args of [['--seed', '-1'], ['--minutes', '0'], ['--bogus']]) {
    const { code, text } = await start(...args).ended
    assert.equal(code, 2, text)
  }
})
