import assert from 'node:assert/strict'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { whyNoRoom } from '../../../../agent/ovsdb/free-disk.ts'

test('a resync needs twice the file and a margin of free disk (S5)', async () => {
  assert.equal(await whyNoRoom(join(tmpdir(), 'nb.db'), 1_000), null)
  assert.match(await whyNoRoom(join(tmpdir(), 'nb.db'), 2 ** 60) ?? '', /bytes free and the resync may need/)
})
