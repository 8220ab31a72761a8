import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec as Spec } from 'node:test/reporters'
import { tallyOf, type Tally, type TestSummary } from './tally.ts'

export interface TestRunOptions {
  readonly concurrency: number
  /** When this is over, what still runs is ended and has failed: also a file whose tests ended and that left a handle open. */
  readonly deadlineMs: number
  /** Somebody wants an end: files that run are told by SIGTERM, and take down what they built. */
  readonly interrupt: AbortSignal
}

/** Runs node:test files, each in a process of its own, with the spec reporter on stdout, and counts what they say. */
export async function runTestFiles (files: readonly string[], { concurrency, deadlineMs, interrupt }: TestRunOptions): Promise<Tally> {
  const summaries: TestSummary[] = []
  const deadline = AbortSignal.timeout(deadlineMs)
  const events = run({ files: [...files], concurrency, timeout: deadlineMs, signal: AbortSignal.any([deadline, interrupt]) })
  events.on('test:summary', ({ file, counts }) => summaries.push({ file, counts }))
  const printed = events.pipe(new Spec())
  printed.pipe(process.stdout, { end: false })
  await finished(printed)
  const tally = tallyOf(summaries)
  const ended = new Set(summaries.map(summary => summary.file))
  const unended = files.filter(file => !ended.has(file))
  for (const file of unended) console.log(`${file} ${interrupt.aborted ? 'was interrupted' : deadline.aborted ? `had not ended after ${deadlineMs} ms` : 'did not run a test to its end'}`)
  return unended.length > 0 && tally.failed === 0 ? { ...tally, failed: unended.length } : tally
}
