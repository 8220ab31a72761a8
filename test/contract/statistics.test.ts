import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { createStatistics } from '../../agent/ovsdb/statistics.ts'
import { createTestNodes, VERSIONS } from './ovsdb-server-fixture.ts'
import { until } from './support/wait.ts'

for (const version of VERSIONS) {
  describe(`what ovsdb-server ${version.name} says of itself`, { skip: version.skip, concurrency: 1 }, () => {
    const { active, end } = createTestNodes(version)
    afterEach(end)

    test('sessions are counted as they come and go; a server that is gone says nothing, within the deadline', async () => {
      const node = await active()
      const statistics = createStatistics([node.config])
      const read = async () => (await statistics.read())[0]
      const before = await read()
      assert.ok(before?.counts.sessions !== undefined && before.counts.monitors !== undefined && before.counts.cells !== undefined, JSON.stringify(before))
      assert.ok((before.freeDiskBytes ?? 0) > 0)
      const sessions = before.counts.sessions
      const client = await node.client()
      await until('one session more', 10_000, async () => ((await read())?.counts.sessions ?? 0) > sessions)
      client.destroy()
      await until('as many as before', 10_000, async () => (await read())?.counts.sessions === sessions)
      await node.server().kill()
      await until('it says nothing', 10_000, async () => Object.keys((await read())?.counts ?? {}).length === 0)
      statistics.close()
    })

    test('a server that hangs says nothing, and is not waited for: what is known without it is told', { timeout: 30_000 }, async () => {
      const node = await active()
      const statistics = createStatistics([node.config])
      const pid = await node.pid()
      process.kill(pid, 'SIGSTOP')
      try {
        const [hung] = await statistics.read()
        assert.deepEqual(hung?.counts, {})
        assert.ok((hung.freeDiskBytes ?? 0) > 0)
      } finally {
        process.kill(pid, 'SIGCONT')
        statistics.close()
      }
    })
  })
}
