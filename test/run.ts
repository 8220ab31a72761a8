// npm test: every stage in order, the cheapest first, up to the first that fails. `-- --only unit,e2e` runs a choice, also of
// the stages that are too long for every change.
import { glob } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { runTestFiles } from './test-files.ts'
import { onInterrupt } from './testbed/interrupt.ts'
import { addTallies, EMPTY_TALLY, type Tally } from './tally.ts'

const ROOT = path.resolve(import.meta.dirname, '..')

type Stage =
  | { readonly name: string, readonly type: 'program', readonly argv: readonly string[], readonly deadlineMs: number }
  | { readonly name: string, readonly type: 'tests', readonly files: readonly string[], readonly concurrency: number, readonly deadlineMs: number }

const MINUTE_MS = 60_000

/**
 * End-to-end tests measure time, so they run one file at a time. Scenarios with long leases (PATIENT in test/e2e/scenario.ts) bear
 * neighbours, each on a testbed of its own, and so do contract tests, each with namespaces and addresses of its own.
 */
const STAGES: readonly Stage[] = [
  { name: 'check', type: 'program', argv: ['node_modules/typescript/bin/tsc', '--noEmit'], deadlineMs: 5 * MINUTE_MS },
  { name: 'lint', type: 'program', argv: ['node_modules/eslint/bin/eslint.js', '.'], deadlineMs: 5 * MINUTE_MS },
  { name: 'unit', type: 'tests', files: ['test/*.test.ts', 'test/unit/**/*.test.ts', 'test/traces/**/*.test.ts'], concurrency: 2, deadlineMs: 5 * MINUTE_MS },
  { name: 'chart', type: 'tests', files: ['test/chart/**/*.test.ts'], concurrency: 1, deadlineMs: 5 * MINUTE_MS },
  { name: 'contract', type: 'tests', files: ['test/contract/**/*.test.ts'], concurrency: 2, deadlineMs: 10 * MINUTE_MS },
  { name: 'sim', type: 'tests', files: ['test/sim/**/*.test.ts'], concurrency: 2, deadlineMs: 20 * MINUTE_MS },
  { name: 'model', type: 'tests', files: ['test/model/**/*.test.ts'], concurrency: 1, deadlineMs: 20 * MINUTE_MS },
  { name: 'e2e', type: 'tests', files: ['test/e2e/**/*.e2e.test.ts'], concurrency: 1, deadlineMs: 60 * MINUTE_MS },
  { name: 'patient', type: 'tests', files: ['test/e2e/**/*.patient.test.ts'], concurrency: 3, deadlineMs: 60 * MINUTE_MS }
]

/** What takes minutes for each file, or needs the container images: before a release, and by whoever changes what they are about. */
const LONG_STAGES: readonly Stage[] = [
  { name: 'image', type: 'tests', files: ['test/e2e/**/*.image.test.ts'], concurrency: 1, deadlineMs: 20 * MINUTE_MS },
  { name: 'long', type: 'tests', files: ['test/e2e/**/*.long.test.ts'], concurrency: 1, deadlineMs: 60 * MINUTE_MS }
]

async function main (): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } })
  const chosen = chooseStages(values.only)
  const interrupt = onInterrupt()
  let total: Tally = EMPTY_TALLY
  for (const stage of chosen) {
    console.log(`\n== ${stage.name}`)
    const startMs = performance.now()
    const tally = await runStage(stage, interrupt)
    total = addTallies(total, tally)
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    console.log(`== ${stage.name} ${tally.failed === 0 ? 'passed' : 'FAILED'} in ${seconds} s${describe(tally)}`)
    if (tally.failed > 0) break
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed === 0 ? 0 : 1
}

function chooseStages (only: readonly string[] | undefined): readonly Stage[] {
  if (only === undefined) return STAGES
  const names = only.flatMap(value => value.split(','))
  const all = [...STAGES, ...LONG_STAGES]
  const unknown = names.filter(name => !all.some(stage => stage.name === name))
  if (unknown.length > 0) {
    console.error(`no stage is called ${unknown.join(', ')}; the stages are ${all.map(stage => stage.name).join(', ')}`)
    process.exit(2)
  }
  return all.filter(stage => names.includes(stage.name))
}

/** A stage that finds nothing to run has failed: a test run that tests nothing must not pass. */
async function runStage (stage: Stage, interrupt: AbortSignal): Promise<Tally> {
  if (stage.type === 'program') {
    const result = await execa(process.execPath, stage.argv, { cwd: ROOT, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit', timeout: stage.deadlineMs, cancelSignal: interrupt, reject: false })
    if (result.timedOut) console.log(`${stage.name} did not end within ${stage.deadlineMs} ms`)
    return { ...EMPTY_TALLY, failed: result.failed ? 1 : 0 }
  }
  const files = (await Array.fromAsync(glob([...stage.files], { cwd: ROOT }))).map(file => path.join(ROOT, file)).sort()
  if (files.length === 0) {
    console.log(`no files match ${stage.files.join(' ')}`)
    return { ...EMPTY_TALLY, failed: 1 }
  }
  return await runTestFiles(files, { concurrency: stage.concurrency, deadlineMs: stage.deadlineMs, interrupt })
}

function describe (tally: Tally): string {
  if (tally.passed + tally.failed === 0) return ''
  return `: ${tally.passed} passed, ${tally.failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''}`
}

await main()
