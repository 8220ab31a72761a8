import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Command } from 'commander'
import { registerConfig } from '../../../../cli/commands/config.ts'
import { fileWith } from '../../../config-fixture.ts'

async function run (...args: readonly string[]) {
  const out: string[] = []
  const err: string[] = []
  let exitCode = 0
  const program = new Command()
  registerConfig(program, { out: text => out.push(text), err: text => err.push(text), setExitCode: code => { exitCode = code } })
  await program.parseAsync(['config', ...args], { from: 'user' })
  return { out: out.join('\n'), err: err.join('\n'), exitCode }
}

async function fileOf (t: TestContext, text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'config-'))
  t.after(async () => await rm(directory, { recursive: true }))
  const file = join(directory, 'cluster.yaml')
  await writeFile(file, text)
  return file
}

test('a sound file ends with 0 and one line', async t => {
  const file = await fileOf(t, fileWith({}))
  assert.deepEqual(await run('check', file), { out: `${file}: sound: 3 nodes, 1 cluster (ovn)`, err: '', exitCode: 0 })
})

test('warnings are printed and leave the file sound', async t => {
  const { out, err, exitCode } = await run('check', await fileOf(t, fileWith({ 'clusters.0.guard': 'none' })))
  assert.match(err, /^warning: .*clusters\[0\]\.guard: without a guard/)
  assert.match(out, /1 warning$/)
  assert.equal(exitCode, 0)
})

test('every problem is printed with path, value, what is allowed and the nearest key, and ends with 1', async t => {
  const { out, err, exitCode } = await run('check', await fileOf(t, fileWith({ 'clusters.0.timing.lese': '2s', 'clusters.0.servers.1.listen.port': 0 })))
  assert.match(err, /cluster\.yaml:\d+:\d+: clusters\[0\]\.timing\.lese: unknown key\n {4}value: {8}"2s"\n {4}allowed: {6}lease, .*\n {4}did you mean: lease/)
  assert.match(err, /clusters\[0\]\.servers\[1\]\.listen\.port: is too small\n {4}value: {8}0\n {4}allowed: {6}a whole number from 1 to 65535/)
  assert.match(err, /: 2 problems$/)
  assert.deepEqual([out, exitCode], ['', 1])
})

test('a file that cannot be read ends with 2 and the reason', async t => {
  const { err, exitCode } = await run('check', `${await fileOf(t, '')}.missing`)
  assert.match(err, /cannot be read: ENOENT/)
  assert.equal(exitCode, 2)
})

test('the schema is printed as JSON', async () => {
  const { out, exitCode } = await run('schema')
  assert.equal(JSON.parse(out).title, 'ovsdb-ha cluster.yaml')
  assert.equal(exitCode, 0)
})
