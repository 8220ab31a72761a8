// A run or two of each campaign, so that the tools stay alive; the long ones are `npm run campaign`.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { tmpdir } from 'node:os'
import test, { after } from 'node:test'
import { execa } from 'execa'
import type { ColdStartRun } from '../campaign/cold-starts.ts'
import type { CrashRun } from '../campaign/crashes.ts'
import type { PositionCostRun } from '../campaign/position-cost.ts'
import type { CampaignReport } from '../campaign/report.ts'
import type { RestartRun } from '../campaign/restarts.ts'
import type { SwitchoverRun } from '../campaign/switchovers.ts'
import { leftovers } from '../testbed/leftovers.ts'
import { removeTestbed } from '../testbed/remove.ts'

const MAIN = path.resolve(import.meta.dirname, '../campaign/main.ts')
const INDEX = Number(process.env.OVSDB_HA_E2E_INDEX ?? 11)
const DEADLINE_MS = 180_000

after(() => removeTestbed(INDEX))

const start = (...args: readonly string[]) => execa(process.execPath, [MAIN, '--index', String(INDEX), ...args], { stdin: 'ignore', timeout: DEADLINE_MS, reject: false })

async function play<Run> (...args: readonly string[]): Promise<{ readonly exitCode: number | undefined, readonly text: string, readonly report: Omit<CampaignReport, 'runs'> & { readonly runs: readonly Run[] } }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-campaign-'))
  try {
    const json = path.join(folder, 'report.json')
    const { exitCode, stdout, stderr } = await start(...args, '--json', json)
    const text = await readFile(json, 'utf8').catch(() => assert.fail(`no report: ${stderr}`))
    return { exitCode, text: `${stdout}\n${stderr}`, report: JSON.parse(text) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('switchovers: hammering clients lose nothing, and the right node serves alone', async () => {
  const { exitCode, text, report } = await play<SwitchoverRun>('switchovers', '--runs', '2')
  assert.equal(exitCode, 0, text)
  assert.equal(report.runs.length, 2)
  assert.ok(Number(report.figures.done) >= 1, text)
  for (const { acked, missing, disturbed, halfDone } of report.runs) if (!disturbed) assert.deepEqual([acked >= 400, missing, halfDone], [true, 0, null], text)
})

test('crashes: what the clients miss is what the product says is lost, with replication held back too', async () => {
  // of this seed the first holds replication back, so that there is something to lose, and the second takes the whole node
  const { exitCode, text, report } = await play<CrashRun>('crashes', '--runs', '2', '--seed', '1')
  assert.equal(exitCode, 0, text)
  assert.ok(report.runs.some(({ heldBackMs }) => heldBackMs > 0), text)
  for (const { acked, lost, faults } of report.runs) {
    assert.deepEqual(faults, [], text)
    assert.ok(acked >= 300, text)
    for (const { missing, rescued, told, unacknowledged } of Object.values(lost)) assert.deepEqual([rescued, told], [missing, missing + unacknowledged], text)
  }
})

test('restarts: the active stays, and nothing acknowledged is missing', async () => {
  const { exitCode, text, report } = await play<RestartRun>('restarts', '--runs', '2')
  assert.equal(exitCode, 0, text)
  assert.deepEqual(report.runs.map(({ signal, missing, moved }) => [signal, missing, moved]), [['SIGKILL', 0, null], ['SIGTERM', 0, null]], text)
  for (const { acked } of report.runs) assert.ok(acked >= 800, text)
})

test('coldstarts: the node with the newest data serves', async () => {
  const { exitCode, text, report } = await play<ColdStartRun>('coldstarts', '--runs', '1')
  assert.equal(exitCode, 0, text)
  const [run] = report.runs
  assert.equal(run?.held[run.active], Math.max(...Object.values(run?.held ?? {})), text)
  assert.equal(run?.missing, 0, text)
})

test('position-cost: the lag that is told is there, and the files are small; how much it is depends on the machine', async () => {
  const { text, report } = await play<PositionCostRun>('position-cost', '--runs', '1')
  const [run] = report.runs
  assert.ok(run !== undefined && run.toldSeconds >= run.injectedSeconds * 0.8, text)
  assert.ok(run.largestFileBytes > 0 && run.largestFileBytes < 1024 * 1024, text)
  assert.ok(Object.values(run.processorPercent).every(percent => percent > 0), text)
})

test('a campaign that does not exist, and numbers that are none, are refused with 2; nothing is left behind', async () => {
  for (const args of [['miracles'], ['crashes', '--runs', '0'], ['crashes', '--ovs', '4']]) assert.equal((await start(...args)).exitCode, 2, args.join(' '))
  assert.deepEqual(await leftovers(INDEX), [])
})
