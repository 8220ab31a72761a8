// npm run sim -- --runs N --seed S [--minutes M] [--mutants] [--trace]
import { parseArgs } from 'node:util'
import { runCampaign } from './campaign.ts'
import { hunt, type Verdict } from './mutants/hunt.ts'
import { MUTANTS } from './mutants/mutants.ts'
import { runSeed } from './run-seed.ts'
import { inWords } from './summary.ts'

const MINUTE_MS = 60_000

async function main (): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '60' },
      mutants: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false }
    }
  })
  const runs = positive('runs', values.runs)
  const seed = positive('seed', values.seed)
  const deadlineMs = positive('minutes', values.minutes) * MINUTE_MS
  if (values.mutants) return await mutants(runs)
  if (values.trace) return trace(seed)
  const startedMs = performance.now()
  const summary = await runCampaign({ firstSeed: seed, runs, deadlineMs, stopAtFirst: false })
  for (const { seed: broken, violations, trace } of summary.broken) {
    console.log(`\nseed ${broken} (the end of its story; the whole: npm run sim -- --seed ${broken} --trace)\n${trace.join('\n')}\n${violations.join('\n')}`)
  }
  console.log(inWords(summary))
  console.log(`${((performance.now() - startedMs) / 1_000).toFixed(1)} s`)
  process.exitCode = summary.broken.length === 0 ? 0 : 1
}

function trace (seed: number): void {
  const result = runSeed(seed)
  console.log(result.trace.join('\n'))
  console.log(result.violations.length === 0 ? `seed ${seed}: no violation, digest ${result.digest}` : result.violations.join('\n'))
  process.exitCode = result.violations.length === 0 ? 0 : 1
}

async function mutants (runs: number): Promise<void> {
  const verdicts = await hunt(MUTANTS, runs)
  for (const verdict of verdicts) console.log(line(verdict))
  const alive = verdicts.filter(verdict => verdict.killedBySeed === null)
  console.log(`${verdicts.length - alive.length} of ${verdicts.length} mutants killed`)
  process.exitCode = alive.length === 0 ? 0 : 1
}

function line ({ mutant, killedBySeed, violation, runs }: Verdict): string {
  const end = killedBySeed === null ? `SURVIVED ${runs} runs` : `killed by seed ${killedBySeed} after ${runs} runs: ${violation?.slice(0, 140) ?? ''}`
  return `${mutant.rule.padEnd(3)} ${mutant.name}: ${end}`
}

function positive (name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  console.error(`--${name} must be a whole number above 0, not ${text}`)
  process.exit(2)
}

await main()
