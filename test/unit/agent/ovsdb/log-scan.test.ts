import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { findBrokenRecords, logOffset, scanForLostRecords, sinceLastOpened } from '../../../../agent/ovsdb/log-scan.ts'

// lines of real servers, 3.1.0 and 3.5.0
const opened = (file: string) => `2026-11-21T03:53:16.322Z|00001|vlog|INFO|opened log file ${file}\n`
const hash = (file: string) => `2026-11-21T03:53:16.461Z|00002|ovsdb_server|ERR|syntax error: ${file}: 112 bytes starting at offset 14727 have SHA-1 hash bd00cd3e but should have hash a8d2a77d\n`
const torn = (file: string) => `2026-11-21T03:53:16.324Z|00002|ovsdb_server|ERR|I/O error: ${file}: error reading 112 bytes starting at offset 15231 (End of file)\n`
const header = (file: string, offset: number) => `2026-11-21T03:53:16.512Z|00002|ovsdb_server|ERR|syntax error: ${file}: parse error at offset ${offset} in header line ""\n`

test('a broken and a torn record are found once each, however often the server says it', () => {
  const found = findBrokenRecords(hash('/db') + torn('/db') + hash('/db'), '/db')
  assert.deepEqual(found.map(({ offset, emptyHeader }) => [offset, emptyHeader]), [[14727, false], [15231, false]])
  assert.match(found[0]?.words ?? '', /^syntax error: \/db: 112 bytes/)
})

test('complaints about another file, and other lines, do not count', () => {
  assert.deepEqual(findBrokenRecords(hash('/heartbeat.db') + opened('/log') + '2026|00003|ovsdb_server|INFO|ovsdb-server (Open vSwitch) 3.1.0\n', '/db'), [])
})

test('only the lines since the log was last opened belong to the last start', () => {
  assert.deepEqual(findBrokenRecords(sinceLastOpened(opened('/log') + hash('/db') + opened('/log')), '/db'), [])
  assert.equal(findBrokenRecords(sinceLastOpened(opened('/log') + hash('/db')), '/db').length, 1)
})

describe('scanning the files', () => {
  let folder = ''
  const file = (name: string) => join(folder, name)
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-log-')) })
  afterEach(async () => { await rm(folder, { recursive: true }) })

  test('lines before the start do not count, lines after it do', async () => {
    await writeFile(file('log'), hash(file('db')))
    const offset = await logOffset(file('log'))
    assert.equal(await scanForLostRecords(file('log'), offset, file('db')), null)
    await appendFile(file('log'), torn(file('db')))
    assert.equal((await scanForLostRecords(file('log'), offset, file('db')))?.offset, 15231)
  })

  test('a log that was rotated in between is read from its beginning', async () => {
    await writeFile(file('log'), opened(file('log')) + hash(file('db')))
    assert.equal((await scanForLostRecords(file('log'), 1_000_000, file('db')))?.offset, 14727)
  })

  test('a missing log tells of no loss', async () => {
    assert.equal(await logOffset(file('log')), 0)
    assert.equal(await scanForLostRecords(file('log'), 0, file('db')), null)
  })

  test('zeros after the last record are harmless, and a record behind them is not (FACTS J)', async () => {
    await writeFile(file('log'), header(file('db'), 100))
    await writeFile(file('db'), Buffer.concat([Buffer.alloc(100, 'a'), Buffer.alloc(200_000)]))
    assert.equal(await scanForLostRecords(file('log'), 0, file('db')), null)
    await appendFile(file('db'), 'OVSDB JSON 12 ')
    assert.equal((await scanForLostRecords(file('log'), 0, file('db')))?.offset, 100)
  })
})
