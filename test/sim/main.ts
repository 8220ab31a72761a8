// npm run sim -- --runs N --seed S [--minutes M] [--mode NAME] [--mutants [--only RULE|WORDS | --remember]] [--trace]
import { parseArgs } from 'node:util'
import { runCampaign, type Progress } from './campaign.ts'
import { isModeName, MODE_NAMES, MODES, type ModeName } from './modes.ts'
import { rememberFoundBy } from './mutants/first-look.ts'
import { hunt } from './mutants/hunt.ts'
import { MUTANTS } from './mutants/mutants.ts'
import { mutantTable } from './mutants/table.ts'
import { runSeed } from './run-seed.ts'
import { inWords, throughputInWords } from './summary.ts'

const MINUTE_MS = 60_000
const TELL_EVERY_MS = 10_000

async function main (): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '60' },
      mutants: { type: 'boolean', default: false },
      only: { type: 'string' },
      remember: { type: 'boolean', default: false },
      mode: { type: 'string', default: 'normal' },
      trace: { type: 'boolean', default: false }
    }
  })
  const runs = positive('runs', values.runs)
  const seed = positive('seed', values.seed)
  const deadlineMs = positive('minutes', values.minutes) * MINUTE_MS
  if (values.mutants) return await mutants(runs, values.only, values.remember)
  const mode = modeOf(values.mode)
  if (values.trace) return trace(seed, mode)
  const startedMs = performance.now()
  const cpu = process.cpuUsage()
  const summary = await runCampaign({ firstSeed: seed, runs, mode, deadlineMs, stopAtFirst: false, onProgress: teller(runs, startedMs) })
  const { user, system } = process.cpuUsage(cpu)
  for (const { seed: broken, violations, trace } of summary.broken) {
    console.log(`\nseed ${broken} (the end of its story; the whole: npm run sim -- --seed ${broken} --mode ${mode} --trace)\n${trace.join('\n')}\n${violations.join('\n')}`)
  }
  console.log(inWords(summary))
  console.log(throughputInWords(summary, performance.now() - startedMs, (user + system) / 1_000))
  const { assumption, mustFind } = MODES[mode]
  const shown = mustFind.length === 0 || mustFind.some(rule => (summary.expected[rule] ?? 0) > 0)
  if (mustFind.length > 0) console.log(`${mode} (${assumption}): ${shown ? 'it was found' : `nothing was found, and ${mustFind.join(' or ')} must be`}`)
  process.exitCode = summary.broken.length === 0 && shown ? 0 : 1
}

/** A line now and then, apart from the result. */
function teller (runs: number, startedMs: number): (progress: Progress) => void {
  let dueMs = startedMs + TELL_EVERY_MS
  return progress => {
    if (performance.now() < dueMs) return
    dueMs = performance.now() + TELL_EVERY_MS
    console.error(`${((performance.now() - startedMs) / 1_000).toFixed(0)} s: ${progress.runs} of ${runs} runs, ${(progress.simulatedMs / 3_600_000).toFixed(1)} simulated hours, ${progress.brokenSeeds.length} violations${progress.brokenSeeds.length === 0 ? '' : ` (seeds ${progress.brokenSeeds.join(', ')})`}`)
  }
}

function trace (seed: number, mode: ModeName): void {
  const result = runSeed(seed, mode)
  console.log(result.trace.join('\n'))
  console.log(result.violations.length === 0 ? `seed ${seed}: no violation, digest ${result.digest}` : result.violations.join('\n'))
  process.exitCode = result.violations.length === 0 ? 0 : 1
}

async function mutants (runs: number, only: string | undefined, remember: boolean): Promise<void> {
  const verdicts = await hunt(MUTANTS.filter(mutant => only === undefined || mutant.name.includes(only) || mutant.rule === only), runs)
  console.log(mutantTable(verdicts))
  if (remember && only === undefined) await rememberFoundBy(verdicts)
  process.exitCode = verdicts.every(verdict => verdict.killedBySeed !== null) ? 0 : 1
}

function modeOf (text: string): ModeName {
  if (isModeName(text)) return text
  console.error(`--mode must be one of ${MODE_NAMES.join(', ')}, not ${text}`)
  process.exit(2)
}

function positive (name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  console.error(`--${name} must be a whole number above 0, not ${text}`)
  process.exit(2)
}

await main()
