// What must not happen to data: a server that promoted itself is not taken for promoted, and a source that comes back with
// another file takes nothing from its backups.
import assert from 'node:assert/strict'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { createTestNodes, demoteBehindOurBack, dial, GATE_ADDRESS, insertRows, PLAINLY, position, promoteBehindOurBack, switchNames, VERSIONS } from './ovsdb-server-fixture.ts'

const NEVER_ABORTED = new AbortController().signal

for (const version of VERSIONS) {
  describe(`the copy of one ovsdb-server ${version.name}`, { skip: version.skip, concurrency: 1 }, () => {
    const { node, active, end } = createTestNodes(version)
    afterEach(end)

    test('a server that turned active by itself a moment ago is not promoted, forced or not, until it was demoted; a promotion of ours is simply repeated (S6, S8)', async () => {
      const a = await active()
      await a.server().promote(position(1), PLAINLY)
      const again = await a.restartAgent()
      await again.start()
      await again.promote(position(1), PLAINLY)
      await assert.rejects(again.promote(position(2), PLAINLY), { code: 'OVSDB_HA_PROMOTION_REFUSED', message: /nobody promoted it in term 2/ })
      await again.becomeBackup()
      await promoteBehindOurBack(a)
      for (const force of [false, true]) await assert.rejects(again.promote(position(3), { force }), { code: 'OVSDB_HA_PROMOTION_REFUSED', message: /OVN_Northbound/ })
      await again.becomeBackup()
      await again.promote(position(3), PLAINLY)
    })

    test('what is not complete is promoted only by force, and rows that are gone are noticed in any case (S6)', async () => {
      const a = await active()
      const client = await a.client()
      await insertRows(client, 's', 1)
      await a.server().becomeBackup()
      const server = await a.restartAgent()
      await server.start()
      assert.equal((await server.observe()).hasRows, true)
      await promoteBehindOurBack(a)
      await client.transact('OVN_Northbound', [{ op: 'delete', table: 'Logical_Switch', where: [] }])
      client.destroy()
      await demoteBehindOurBack(a)
      await assert.rejects(server.promote(position(2), PLAINLY), { code: 'OVSDB_HA_PROMOTION_REFUSED', message: /held rows, and is empty/ })
      await server.becomeBackup()
      await server.detach()
      await writeFile(join(a.folder, 'state', 'test-nb.copy.json'), '{')
      const again = await a.restartAgent()
      await again.start()
      await assert.rejects(again.promote(position(3), PLAINLY), { code: 'OVSDB_HA_PROMOTION_REFUSED', message: /not complete/ })
      await again.promote(position(3), { force: true })
    })

    test('nobody replicates from a server that never served, and what served stays a source while it is a backup (S7)', async () => {
      const a = await node('a')
      await a.server().start()
      const listening = () => dial(a.address, a.config.replicationPort).then(() => true, () => false)
      assert.equal(await listening(), false)
      await a.server().promote(position(1), PLAINLY)
      assert.equal(await listening(), false)
      await a.server().openGate([GATE_ADDRESS])
      assert.equal(await listening(), true)
      await a.server().closeGate()
      await a.server().becomeBackup()
      assert.equal(await listening(), true, 'the old active of a switchover is a source until the new one serves')
      const again = await a.restartAgent()
      assert.deepEqual(await again.start(), { adopted: true })
      assert.equal(await listening(), true, 'an agent that starts again changes nothing')
      await again.kill()
      await again.start()
      assert.equal(await listening(), false)
    })

    test('a source that comes back with an empty file takes nothing from those that follow it (S7)', async () => {
      const [a, b] = [await active(), await node('b')]
      const source = await a.client()
      await insertRows(source, 's', 20)
      source.destroy()
      await b.server().start()
      await b.server().follow({ node: 'a', address: a.address }, NEVER_ABORTED)
      const copy = await b.client()
      await a.server().kill()
      for (const name of await readdir(join(a.folder, 'db'))) await rm(join(a.folder, 'db', name))
      await a.server().start()
      assert.equal((await a.server().observe()).hasRows, false)
      // longer than a backup waits before it dials again
      const untilMs = performance.now() + 2_500
      while (performance.now() < untilMs) assert.equal((await switchNames(copy)).length, 20)
      copy.destroy()
    })
  })
}
