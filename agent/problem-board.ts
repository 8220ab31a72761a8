import type { Problem } from '../protocol/report.ts'
import type { ProblemBoard, ProblemListener } from './shell.ts'

/** Problems by code, present as long as they are true, and in the order of their codes: who came first is chance. Listeners hear of changes only. */
export function createProblemBoard (): ProblemBoard {
  const problems = new Map<string, Problem>()
  const listeners = new Set<ProblemListener>()
  return {
    set (code, message) {
      const before = problems.get(code)?.message ?? null
      if (before === message) return
      if (message === null) problems.delete(code)
      else problems.set(code, { code, message, server: null })
      for (const listener of listeners) listener(code, message, before)
    },
    list: () => [...problems.values()].toSorted((a, b) => a.code < b.code ? -1 : 1),
    onChange: listener => { listeners.add(listener) }
  }
}
