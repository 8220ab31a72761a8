// The demo as a newcomer runs it, and as an impatient one ends it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import test, { after, describe } from 'node:test'
import { PAGE_COLUMNS } from '../../cli/render/wrap.ts'
import { leftovers } from '../testbed/leftovers.ts'
import { namespacesOf } from '../testbed/network.ts'
import { poll } from '../testbed/wait.ts'
import { processesIn } from '../testbed/processes.ts'
import { removeTestbed } from '../testbed/remove.ts'
import { createTestbed, openTestbed } from '../testbed/testbed.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const DEMO = path.join(ROOT, 'test/demo/main.ts')
const COMMAND = path.join(ROOT, 'cli/main.ts')
const INDEX = 9
const OTHER_INDEX = 10
const DEADLINE_MS = 120_000
/** Part of every name that the writer uses; `where` of a transaction that takes all of them away. */
const EVERY_ROW = '["OVN_Northbound",{"op":"delete","table":"Address_Set","where":[]}]'

after(async () => {
  await removeTestbed(INDEX)
  await removeTestbed(OTHER_INDEX)
})

/** In a process group of its own, as a shell starts it, so that a Ctrl-C reaches all of the group. */
function start (argv: readonly string[]) {
  const child = spawn(process.execPath, argv, { cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => { text += part })
  const ended = once(child, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) }).then(([code]) => ({ code: code as number | null, text }))
  ended.catch(() => { /* whoever waits for it gets it */ })
  const until = (what: string, condition: () => boolean | Promise<boolean>) => poll(async () => {
    if (await condition()) return true
    assert.equal(child.exitCode, null, `it ended before: ${what}\n${text}`)
    return null
  }, { deadlineMs: DEADLINE_MS, everyMs: 10, what: `the demo: ${what}` })
  return {
    ended,
    until,
    untilSaid: async (pattern: RegExp) => {
      await until(String(pattern), () => pattern.test(text))
      return pattern.exec(text)!
    },
    interrupt: () => process.kill(-child.pid!, 'SIGINT')
  }
}

const demo = (...args: readonly string[]) => start([DEMO, '--index', String(INDEX), ...args])

async function assertWhole (run: ReturnType<typeof start>): Promise<void> {
  const { code, text } = await run.ended
  assert.equal(code, 0, text)
  for (const promised of [
    /a is active and holds the virtual address 10\.213\.9\.50/,
    /REST API: http:\/\/10\.213\.9\.200:8640/,
    /cli\/ovsdb-ha status --watch --server http/,
    /\d s {2}[\d,]+ rows acknowledged through 10\.213\.9\.50/,
    /kill -9 \d+: the Northbound server of a/,
    /failover a -> [bc] \(term 2\), done in [\d.]+ ms/,
    /take term 2 .*█|take term 2 .*▏/,
    /promote nb +[bc] /,
    /gate nb +[bc] /,
    /[bc] is active\. The client was without an answer for [\d.]+ m?s/,
    /a is back: its server runs again, as a backup that replicates from [bc]\./,
    /the longest outage\s+since the kill was [\d.]+ m?s/,
    /The demo took [\d.]+ s\./
  ]) assert.match(text, promised)
  const [, found = '', acknowledged = '', rescued = '0', missing] = /([\d,]+) of ([\d,]+) acknowledged rows are in the database of [bc], (?:(\d+) in a rescue, )?(\d+) missing/.exec(text) ?? []
  const count = (text: string) => Number(text.replaceAll(',', ''))
  assert.equal(count(found) + count(rescued), count(acknowledged))
  assert.equal(missing, '0')
  assert.ok(count(found) >= 1_200, `${found} rows`)
  assert.ok(!text.includes('\u001b'), 'no colour and no redrawing where there is no terminal')
  assert.deepEqual(text.split('\n').filter(line => line.length > PAGE_COLUMNS), [])
  assert.deepEqual(await leftovers(INDEX), [])
}

describe('the demo', () => {
  test('shows a failover, counts every acknowledged row, ends with 0 and leaves nothing', () => assertWhole(demo()))

  test('does so a second time right after the first, started by ovsdb-ha', () => assertWhole(start([COMMAND, 'demo', '--index', String(INDEX)])))

  test('ends with 1 and says so when acknowledged rows are missing', async () => {
    const run = demo()
    await run.untilSaid(/[1-9][\d,]* rows acknowledged/)
    const testbed = await openTestbed(INDEX)
    const { failed, stderr } = await testbed.exec('client', ['ovsdb-client', 'transact', `tcp:${testbed.plan.vip}:6641`, EVERY_ROW])
    assert.ok(!failed, stderr)
    const { code, text } = await run.ended
    assert.equal(code, 1, text)
    assert.match(text, / [1-9][\d,]* missing/)
    assert.match(text, /Missing: demo-[0-9a-f]{8}-1, /)
    assert.deepEqual(await leftovers(INDEX), [])
  })

  test('with --keep goes on, tells of what is done to it by hand, and ends with 0 at a Ctrl-C', async () => {
    const run = demo('--keep')
    const [, active = ''] = await run.untilSaid(/--index 9 kill ([bc]) nb/)
    await (await openTestbed(INDEX)).killServer(active, 'nb')
    await run.untilSaid(new RegExp(`failover ${active} -> . \\(term 3\\), done`))
    await run.untilSaid(/Ctrl-C here[^]*is active\. The client was without an answer for/)
    run.interrupt()
    const { code, text } = await run.ended
    assert.equal(code, 0, text)
    assert.deepEqual(await leftovers(INDEX), [])
  })

  test('refuses wrong arguments with 2, and starts nothing', async () => {
    for (const argv of [[DEMO, '--bogus'], [DEMO, '--index', '99'], [COMMAND, 'demo', '--ovs', '2.0']]) {
      const { code, text } = await start(argv).ended
      assert.equal(code, 2, text)
      assert.match(text, /error: /)
    }
  })
})

describe('a Ctrl-C leaves nothing behind', () => {
  const startedServers = async () => (await processesIn(`ovha${INDEX}-a`)).some(({ argv }) => argv[0]?.endsWith('ovsdb-server') === true)
  const PHASES: ReadonlyArray<readonly [string, RegExp | (() => Promise<boolean>)]> = [
    ['when it has said its first word', /ovsdb-ha demo/],
    ['when there is a first namespace', async () => (await namespacesOf(INDEX)).length > 0],
    ['when agents start servers', startedServers],
    ['in the middle of the failover', /kill -9/],
    ['when everything is taken down', /acknowledged rows are in the database/]
  ]
  for (const [when, reached] of PHASES) {
    test(when, async () => {
      const run = demo()
      if (reached instanceof RegExp) await run.untilSaid(reached)
      else await run.until(when, reached)
      run.interrupt()
      run.interrupt() // npm passes on what has come already, and people are impatient
      const { code, text } = await run.ended
      // the rows were counted before the last one: that demo has done all it promised
      assert.equal(code, when === 'when everything is taken down' ? 0 : 130, text)
      assert.deepEqual(await leftovers(INDEX), [])
    })
  }
})

test('demos beside each other and beside a testbed take free indexes, and leave alone what is not theirs', async () => {
  const testbed = createTestbed({ index: OTHER_INDEX })
  await testbed.up({ product: false })
  const runs = [start([DEMO]), start([DEMO])]
  const indexes = await Promise.all(runs.map(async run => Number((await run.untilSaid(/virtual address 10\.213\.(\d+)\.50/))[1])))
  assert.equal(new Set([...indexes, OTHER_INDEX]).size, 3, `they took ${indexes.join(' and ')}`)
  for (const run of runs) run.interrupt()
  for (const run of runs) assert.equal((await run.ended).code, 130)
  for (const index of indexes) assert.deepEqual(await leftovers(index), [])
  assert.equal((await namespacesOf(OTHER_INDEX)).length, 5)
  await testbed.down()
})
