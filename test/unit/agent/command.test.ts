import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandError, runCommand } from '../../../agent/command.ts'

test('a non-zero exit is a result with its words, and input reaches the command', async () => {
  const { exitCode, stderr, stdout } = await runCommand('sh', ['-c', 'cat; echo words >&2; exit 3'], { input: 'hello', timeoutMs: 5_000 })
  assert.deepEqual([exitCode, stdout, stderr], [3, 'hello', 'words'])
})

test('a missing program, one that takes too long and one that was ended are told apart', async () => {
  const why = async (work: Promise<unknown>): Promise<string> => await work.then(() => 'none', (error: unknown) => error instanceof CommandError ? error.why : String(error))
  assert.equal(await why(runCommand('ovsdb-ha-no-such-program', [], { timeoutMs: 5_000 })), 'missing')
  assert.equal(await why(runCommand('ovsdb-ha-no-such-program', [], { input: 'x', timeoutMs: 5_000 })), 'missing')
  assert.equal(await why(runCommand('sleep', ['30'], { timeoutMs: 50 })), 'timeout')
  const controller = new AbortController()
  const ended = why(runCommand('sleep', ['30'], { timeoutMs: 20_000, signal: controller.signal }))
  controller.abort()
  assert.equal(await ended, 'cancelled')
  assert.equal(await why(runCommand('sh', ['-c', 'kill -9 $$'], { timeoutMs: 5_000 })), 'broken')
})
