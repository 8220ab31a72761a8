// Planned changes of the active under clients that write as fast as they can: nothing acknowledged is missing, and none ends half done.
import { median } from '../bench/report.ts'
import type { OperationReply } from '../../protocol/api.ts'
import { CLUSTER_NAME } from '../testbed/cluster-file.ts'
import { dataHostsOf } from '../testbed/plan.ts'
import { disturbedSince, newestEntryId, playRuns, tellHistory, until, whole, type Campaign, type Stage } from './campaign.ts'
import { longestOutageMs, startWriters, sum } from './writers.ts'

export interface SwitchoverRun {
  readonly from: string
  /** Who was asked for. */
  readonly to: string
  /** `refused`: it did not begin. */
  readonly outcome: string
  readonly detail: string
  readonly acked: number
  readonly missing: number
  readonly outageMs: number
  /** Something else changed the active too: nothing is concluded from this run. */
  readonly disturbed: boolean
  /** Null: exactly the right node serves, alone. */
  readonly halfDone: string | null
}

const WRITES_AROUND = 100

export const switchovers: Campaign = {
  proves: 'switchovers under hammering clients: no acknowledged write is missing, none is half done',
  runsDefault: 100,
  testbed: {},
  async play (stage) {
    const { runs: all, violations } = await playRuns(stage, run => playOne(stage, run), words)
    const runs = all.filter(({ disturbed }) => !disturbed)
    const done = runs.filter(({ outcome }) => outcome === 'done')
    const outages = done.map(({ outageMs }) => outageMs)
    const lossy = runs.filter(({ missing }) => missing > 0)
    const halves = runs.filter(({ halfDone }) => halfDone !== null)
    return {
      figures: {
        done: done.length,
        undone: runs.filter(({ outcome }) => outcome === 'undone').length,
        'disturbed by another change (not judged)': all.length - runs.length,
        refused: runs.filter(({ outcome }) => outcome === 'refused').length,
        'half done': halves.length,
        'acknowledged writes': sum(runs.map(({ acked }) => acked)),
        missing: sum(runs.map(({ missing }) => missing)),
        'outage, median (ms)': median(outages),
        'outage, longest (ms)': Math.max(0, ...outages)
      },
      runs: all,
      violations: [
        ...violations,
        ...done.length === 0 ? ['no switchover was done'] : [],
        ...lossy.map(({ from, to, missing }) => `${missing} acknowledged writes are missing after the switchover from ${from} to ${to}`),
        ...halves.map(({ from, to, outcome, detail, halfDone }) => `the switchover from ${from} to ${to} (${outcome}: ${detail}) is half done: ${halfDone}`)
      ]
    }
  }
}

function words ({ from, to, outcome, acked, missing, outageMs, disturbed, halfDone }: SwitchoverRun): string {
  return `${from} -> ${to} ${outcome}, outage ${outageMs.toFixed(1)} ms, ${acked} acknowledged, ${missing} missing${disturbed ? ', disturbed by another change' : ''}${halfDone === null ? '' : `, half done: ${halfDone}`}`
}

async function playOne (stage: Stage, run: number): Promise<SwitchoverRun> {
  const { testbed, random } = stage
  const { active: from } = await whole(stage)
  const before = await newestEntryId(stage)
  const to = random.pick(dataHostsOf(testbed.plan).map(({ name }) => name).filter(name => name !== from))
  const writers = await startWriters(stage, `s${run}`, [{ server: 'nb', intervalMs: 0 }, { server: 'sb', intervalMs: 0 }])
  try {
    await writers.writeOn(WRITES_AROUND)
    const askedMs = Date.now()
    const { outcome, detail, to: ended } = await ask(stage, to)
    await writers.writeOn(WRITES_AROUND)
    // where the one that was asked for could not be promoted, the next candidate is (S8): whole, too
    const expected = outcome === 'done' ? ended ?? to : from
    const halfDone = outcome === 'failed' ? detail : await servesAlone(stage, expected).then(() => null, (error: Error) => error.message)
    const written = await writers.verify()
    const disturbed = await disturbedSince(stage, before, ({ kind }) => kind === 'switchover')
    await writers.cleanUp()
    if (disturbed || halfDone !== null) await tellHistory(stage, before)
    return { disturbed, from, to, outcome, detail, acked: sum(written.map(({ acked }) => acked.size)), missing: sum(written.map(({ missing }) => missing)), outageMs: longestOutageMs(written, askedMs), halfDone }
  } finally {
    await writers.stop()
  }
}

async function ask ({ testbed }: Stage, to: string): Promise<{ readonly outcome: string, readonly detail: string, readonly to: string | null }> {
  const { status, body } = await (await testbed.api()).post<OperationReply & { readonly message?: string }>(`/v1/clusters/${CLUSTER_NAME}/switchover`, { to })
  return status === 200 ? body.operation : { outcome: 'refused', detail: body.message ?? String(status), to: null }
}

/** It is the only active, and every address is its. */
async function servesAlone (stage: Stage, expected: string): Promise<void> {
  const api = await stage.testbed.api()
  let seen = 'the controller does not answer'
  await until(stage, `${expected} to serve alone`, async () => {
    const view = await api.cluster().catch(() => null)
    if (view === null) return null
    const actives = view.nodes.filter(({ role }) => role === 'active').map(({ name }) => name)
    const holders = [...new Set(view.endpoints.flatMap(endpoint => endpoint.holders))]
    seen = `active: ${actives.join(', ')}; addresses on ${holders.join(', ')}`
    return view.state === 'serving' && actives.join() === expected && holders.join() === expected ? true : null
  }).catch((error: Error) => { throw new Error(`${error.message} (${seen})`, { cause: error }) })
}
