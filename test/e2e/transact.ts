// What an operator types into ovsdb-client on a client's host, against the Northbound database.
import assert from 'node:assert/strict'
import { SERVERS } from '../testbed/cluster-file.ts'
import { poll } from '../testbed/wait.ts'
import { DEADLINE_MS, type Scene } from './scenario.ts'

/** As a client would: through the virtual address, and again when it was not let in (on a loaded machine the guard shuts now and then). */
export async function transact ({ testbed }: Scene, ...operations: readonly object[]): Promise<ReadonlyArray<{ readonly rows?: ReadonlyArray<Record<string, unknown>> }>> {
  const stdout = await poll(async () => {
    const { stdout, stderr } = await testbed.exec('client', ['ovsdb-client', 'transact', `tcp:${testbed.plan.vip}:${SERVERS[0].port}`, JSON.stringify([SERVERS[0].database, ...operations])])
    return stdout === '' && stderr.includes('failed to connect') ? null : stdout
  }, { deadlineMs: DEADLINE_MS, everyMs: 500, what: 'a client to be let in' })
  const results = JSON.parse(stdout)
  assert.ok(Array.isArray(results) && results.every(result => result !== null && !('error' in result)), stdout)
  return results
}
