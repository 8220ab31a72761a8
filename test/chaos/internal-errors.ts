// Whatever is done to them, agents and controllers do not end by a bug: no fatal line, no stack of an error that nobody caught.
import { open } from 'node:fs/promises'
import { logFileOf } from '../testbed/product.ts'
import { controllersOf, nodesOf, type TestbedPlan } from '../testbed/plan.ts'
import type { Violation } from './judgement.ts'

/** pino's number for `fatal`; anything that is not JSON and looks like Node.js giving up. */
const FATAL = /^\{"level":60,|^(\w*Error\b.*:|node:internal|\s+at .*\(.*:\d+:\d+\)|.*\bUnhandled|Node\.js v\d)/
const LINE_LENGTH_MAX = 600

/** Each call tells of what was logged since the one before. */
export function createErrorWatch (plan: TestbedPlan): () => Promise<readonly Violation[]> {
  const hosts = [...nodesOf(plan), ...controllersOf(plan)]
  const read = new Map<string, number>()
  return async () => {
    const found: Violation[] = []
    for (const host of hosts) {
      const file = logFileOf(host)
      await using handle = await open(file)
      const from = read.get(file) ?? 0
      const { size } = await handle.stat()
      const { buffer } = await handle.read({ buffer: Buffer.alloc(size - from), position: from })
      read.set(file, size)
      const fatal = buffer.toString('utf8').split('\n').filter(line => FATAL.test(line))
      const [first] = fatal
      if (first !== undefined) found.push({ rule: 'internalError', atMs: timeOf(first), message: `${host.name}, ${file}: ${fatal.length} lines, the first: ${first.slice(0, LINE_LENGTH_MAX)}` })
    }
    return found
  }
}

function timeOf (line: string): number {
  const text = /"time":"([^"]+)"/.exec(line)?.[1]
  return text === undefined ? Date.now() : Date.parse(text)
}
