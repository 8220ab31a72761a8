// Goal: the safety rules S1 to S10 hold whatever happens, and the cluster settles when it is over. Method: the real cores
// of agent and controller under virtual time; the seed draws the cluster, the network and the faults. A seed that fails
// prints its story and is replayed by `npm run sim -- --seed N --trace`. Then the proof that this finds mistakes: each
// mutant of the cores breaks one rule and must be found.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCampaign } from './campaign.ts'
import { readFoundBy } from './mutants/first-look.ts'
import { hunt } from './mutants/hunt.ts'
import { MUTANTS } from './mutants/mutants.ts'
import { MODE_NAMES, MODES } from './modes.ts'
import { REGRESSIONS } from './regressions.ts'
import { runSeed } from './run-seed.ts'
import { inWords } from './summary.ts'

const RUNS = 2_000
const PAIR_RUNS = 1_000
const WISH_RUNS = 500
/** A run in ten or so meets what a mode is about. */
const MODE_RUNS = 150
const MUTANT_RUNS_MAX = 2_000
/** Each of these safety rules of DESIGN.md has at least so many mutants. */
const MUTANTS_PER_RULE_MIN = 2
const RULES = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11']
const MUTANTS_MIN = 25
const DEADLINE_MS = 8 * 60_000

test(`${RUNS} lives of a cluster break no safety rule, and each settles after its faults`, async t => {
  const summary = await runCampaign({ firstSeed: 1, runs: RUNS, mode: 'normal', deadlineMs: DEADLINE_MS, stopAtFirst: false })
  for (const line of inWords(summary).split('\n')) t.diagnostic(line)
  assert.deepEqual(summary.broken.map(({ seed, violations }) => `seed ${seed}: ${violations[0]}`), [])
  assert.equal(summary.runs, RUNS)
  const done = (kind: string) => summary.operations[`${kind} done`] ?? 0
  for (const kind of ['firstStart', 'failover', 'coldStart', 'switchover', 'forcedFailover']) assert.ok(done(kind) > 10, `hardly any ${kind} was done: the world is too quiet or too loud`)
})

test('the same seed is the same run, to the last event', () => {
  for (const seed of [3, 17, 40]) {
    const [one, two] = [runSeed(seed), runSeed(seed)]
    assert.equal(one.digest, two.digest)
    assert.equal(one.events, two.events)
    assert.deepEqual(one.trace, two.trace)
  }
  assert.notEqual(runSeed(3).digest, runSeed(4).digest)
})

test('a campaign tells how far it is, and ends when its time is over', async () => {
  const told: number[] = []
  const summary = await runCampaign({ firstSeed: 1, runs: 6, mode: 'normal', deadlineMs: DEADLINE_MS, stopAtFirst: false, onProgress: ({ runs }) => told.push(runs) })
  assert.equal(summary.runs, 6)
  assert.ok(told.length > 0 && told.every((runs, at) => runs > 0 && runs <= 6 && runs >= (told[at - 1] ?? 0)), told.join(' '))
  const short = await runCampaign({ firstSeed: 1, runs: 1_000_000, mode: 'normal', deadlineMs: 1, stopAtFirst: false })
  assert.ok(short.runs < 1_000)
})

for (const { seed, mode, what } of REGRESSIONS) {
  test(`seed ${seed} breaks no rule any more (${what})`, () => {
    assert.deepEqual(runSeed(seed, mode).violations, [])
  })
}

test(`${PAIR_RUNS} lives of two data nodes with fence devices and no witness break no rule, and go on where one is lost`, async t => {
  const summary = await runCampaign({ firstSeed: 1, runs: PAIR_RUNS, mode: 'pair', deadlineMs: DEADLINE_MS, stopAtFirst: false })
  for (const line of inWords(summary).split('\n')) t.diagnostic(line)
  assert.deepEqual(summary.broken.map(({ seed, violations }) => `seed ${seed}: ${violations[0]}`), [])
  assert.ok((summary.operations['failover alone'] ?? 0) > 10, 'hardly anybody went on alone')
})

test(`${WISH_RUNS} lives in which operators go on saying whom to promote rather, or not at all, break no rule`, async t => {
  const summary = await runCampaign({ firstSeed: 1, runs: WISH_RUNS, mode: 'wishes', deadlineMs: DEADLINE_MS, stopAtFirst: false })
  for (const line of inWords(summary).split('\n')) t.diagnostic(line)
  assert.deepEqual(summary.broken.map(({ seed, violations }) => `seed ${seed}: ${violations[0]}`), [])
  for (const wish of ['prefer', 'avoid', 'never', 'neutral']) assert.ok((summary.faults[`wish ${wish}`] ?? 0) > 100, `hardly anybody said ${wish}`)
})

for (const mode of MODE_NAMES.filter(name => MODES[name].mustFind.length > 0)) {
  test(`${mode}: beyond the assumption (${MODES[mode].assumption}) the rules that rest on it break, and no others`, async t => {
    const summary = await runCampaign({ firstSeed: 1_000, runs: MODE_RUNS, mode, deadlineMs: DEADLINE_MS, stopAtFirst: false })
    for (const line of inWords(summary).split('\n')) t.diagnostic(line)
    assert.deepEqual(summary.broken.map(({ seed, violations }) => `seed ${seed}: ${violations[0]}`), [])
    assert.ok(MODES[mode].mustFind.some(rule => (summary.expected[rule] ?? 0) > 0), `nothing showed that ${MODES[mode].mustFind.join(' or ')} rests on it`)
  })
}

test('every mutant of the cores is found', async t => {
  const verdicts = await hunt(MUTANTS, MUTANT_RUNS_MAX, readFoundBy())
  for (const { mutant, killedBySeed, runs } of verdicts) t.diagnostic(`${mutant.rule} ${mutant.name}: ${killedBySeed === null ? `survived ${runs} runs` : `killed by seed ${killedBySeed}`}`)
  for (const rule of RULES) assert.ok(MUTANTS.filter(mutant => mutant.rule === rule).length >= MUTANTS_PER_RULE_MIN, `${rule} has too few mutants`)
  assert.ok(MUTANTS.length >= MUTANTS_MIN)
  assert.deepEqual(verdicts.filter(({ killedBySeed }) => killedBySeed === null || killedBySeed > MUTANT_RUNS_MAX).map(({ mutant }) => mutant.name), [])
})
