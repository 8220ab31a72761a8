/** What node:test says at the end of one file (`file` given) and at the end of a run (`file` absent). */
export interface TestSummary {
  readonly file: string | undefined
  readonly counts: { readonly tests: number, readonly passed: number, readonly skipped: number, readonly todo: number }
}

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const EMPTY_TALLY: Tally = { passed: 0, failed: 0, skipped: 0 }

export function addTallies (a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/**
 * Counts tests from the summaries of one run. node:test takes a file that ends well without a single test for a passed
 * test; here such a file has failed, and so has a run without a closing summary.
 */
export function tallyOf (summaries: readonly TestSummary[]): Tally {
  const whole = summaries.find(summary => summary.file === undefined)
  if (whole === undefined) return { ...EMPTY_TALLY, failed: 1 }
  const passed = summaries.filter(summary => summary.file !== undefined).reduce((sum, { counts }) => sum + counts.passed, 0)
  const skipped = whole.counts.skipped + whole.counts.todo
  return { passed, failed: whole.counts.tests - passed - skipped, skipped }
}
