import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BEGINS_AFTER_MS, ENDS_AFTER_MS, keyOf, resumeTracked, trackDiagnoses, type Tracked } from '../../../../controller/core/diagnosis-track.ts'
import type { Diagnosis } from '../../../../controller/core/diagnosis.ts'
import { DIAGNOSIS_PAGES, type DiagnosisName } from '../../../../protocol/diagnosis.ts'

const diagnosis = (name: DiagnosisName, node: string | null = 'n1'): Diagnosis => ({ name, node, message: `${name} it is`, runbook: DIAGNOSIS_PAGES[name], evidence: [] })

/** What was told, with the moment: `1000 began busyServer n1`. */
function told (looks: ReadonlyArray<readonly [atMs: number, found: readonly Diagnosis[]]>): readonly string[] {
  let tracked: Tracked = new Map()
  return looks.flatMap(([atMs, found]) => {
    const [next, turns] = trackDiagnoses(tracked, found, atMs)
    tracked = next
    return turns.map(({ type, diagnosis: { name, node } }) => `${atMs} ${type} ${name} ${node ?? '-'}`)
  })
}

test('what is over within a moment is no news', () => {
  const busy = [diagnosis('busyServer')]
  assert.deepEqual(told([[0, busy], [BEGINS_AFTER_MS - 1, busy], [BEGINS_AFTER_MS, []], [BEGINS_AFTER_MS + ENDS_AFTER_MS, []]]), [])
})

test('what lasts is told once when it begins, and once when it has been over for long enough', () => {
  const busy = [diagnosis('busyServer')]
  assert.deepEqual(told([[0, busy], [BEGINS_AFTER_MS, busy], [2_000, busy], [2_000 + ENDS_AFTER_MS - 1, []], [2_000 + ENDS_AFTER_MS, []], [9_000, []]]),
    [`${BEGINS_AFTER_MS} began busyServer n1`, `${2_000 + ENDS_AFTER_MS} ended busyServer n1`])
})

test('what flickers is one piece of news', () => {
  const busy = [diagnosis('busyServer')]
  const flicker = [0, 1_000, 2_000, 3_000, 4_000, 5_000].map(atMs => [atMs, atMs % 2_000 === 1_000 ? busy : busy.slice(1)] as const)
  assert.deepEqual(told([[0, busy], [1_000, busy], ...flicker.slice(2), [5_500, []]]), ['1000 began busyServer n1'])
})

test('what an agent says of itself is told at once, since it may be over before anybody looks', () => {
  assert.deepEqual(told([[0, [diagnosis('guardMissing')]], [10, []]]), ['0 began guardMissing n1'])
})

test('the same on two nodes are two, and the cluster\'s own has no node', () => {
  assert.deepEqual(told([[0, [diagnosis('cannotVote'), diagnosis('cannotVote', 'n2'), diagnosis('severalActives', null)]]]),
    ['0 began cannotVote n1', '0 began cannotVote n2', '0 began severalActives -'])
  const both = [diagnosis('cannotVote'), diagnosis('cannotVote', 'n2')]
  assert.deepEqual(told([[0, both], [10, both], [20, both.slice(1)], [10 + ENDS_AFTER_MS, both.slice(1)]]).slice(2), [`${10 + ENDS_AFTER_MS} ended cannotVote n1`], 'the end of one is not that of the other')
})

test('who goes on from what another one told tells what that one did not, and ends what that one began', () => {
  const [dead, busy, full, fence] = (['deadNode', 'busyServer', 'diskFull', 'fenceDeviceFails'] as const).map(name => diagnosis(name)) as [Diagnosis, Diagnosis, Diagnosis, Diagnosis]
  const [seen] = trackDiagnoses(trackDiagnoses(new Map(), [dead, busy, fence], 0)[0], [dead, busy, fence], BEGINS_AFTER_MS)
  const told = new Map([busy, full].map(diagnosis => [keyOf(diagnosis), { diagnosis, sinceMs: -500 }]))
  const resumed = resumeTracked(seen, told, 2_000, new Set(['fenceDeviceFails']))
  const [next, turns] = trackDiagnoses(resumed, [dead, busy, fence], 2_001)
  assert.deepEqual(turns.map(({ type, diagnosis }) => `${type} ${diagnosis.name}`), ['began deadNode'])
  const [, later] = trackDiagnoses(next, [dead, busy, fence], 2_000 + ENDS_AFTER_MS)
  assert.deepEqual(later.map(({ type, diagnosis, sinceMs }) => [type, diagnosis.name, sinceMs]), [['ended', 'diskFull', -500]])
})
