import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rescues } from '../../../agent/ovsdb/rescue.ts'
import { createRescueWatch } from '../../../agent/rescue-watch.ts'

test('what is kept is counted at the start, after the old ones were removed; a directory that cannot be read is a problem, and the last count stays', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const calls: string[] = []
  const problems: Array<readonly [string, string | null]> = []
  let failing = false
  const usage = { files: 2, bytes: 7, unacknowledgedFiles: 1 }
  const rescues = {
    async prune () { calls.push('prune') },
    async usage () {
      calls.push('usage')
      if (failing) throw new Error('EACCES')
      return usage
    }
  } as unknown as Rescues
  const looked = () => new Promise<void>(resolve => { setImmediate(resolve) })
  const watch = createRescueWatch(rescues, (code, message) => { problems.push([code, message]) })
  assert.deepEqual(watch.usage(), { files: 0, bytes: 0, unacknowledgedFiles: 0 })
  await watch.start()
  assert.deepEqual([calls.splice(0), watch.usage(), problems.splice(0)], [['prune', 'usage'], usage, [['rescuesUnreadable', null]]])
  failing = true
  t.mock.timers.tick(5_000)
  await looked()
  assert.deepEqual([calls.splice(0), watch.usage()], [['usage'], usage])
  assert.match(problems.at(-1)?.[1] ?? '', /cannot be read: EACCES/)
  failing = false
  t.mock.timers.tick(3_600_000 - 5_000)
  await looked()
  assert.ok(calls.includes('prune'), 'once an hour')
  assert.deepEqual(problems.at(-1), ['rescuesUnreadable', null])
  watch.stop()
  calls.length = 0
  t.mock.timers.tick(3_600_000)
  await looked()
  assert.deepEqual(calls, [])
})
