import assert from 'node:assert/strict'
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'

const MODULE = fileURLToPath(new URL('../../../agent/daemon-stdio.ts', import.meta.url))

test('a descriptor that was inherited without close-on-exec is not passed on to the daemon', async () => {
  const program = `
    const { withoutOurDescriptors } = await import('${MODULE}')
    console.log(JSON.stringify(await withoutOurDescriptors(77, 88)))`
  // as a runner with a lock file does; Node itself closes only those below 16
  const { stdout } = await execa('bash', ['-c', 'exec 99>/dev/null; exec "$@"', 'bash', process.execPath, '--input-type=module', '-e', program], { timeout: 20_000, stdin: 'ignore' })
  const stdio = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  assert.deepEqual(stdio.slice(0, 3), ['ignore', 'ignore', 77])
  assert.equal(stdio[99], 88)
  assert.ok(stdio.slice(3).every((entry: unknown) => entry === 'ignore' || entry === 88))
})
