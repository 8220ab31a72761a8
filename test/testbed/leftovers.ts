import { access, readFile } from 'node:fs/promises'
import { command } from './command.ts'
import { namespacesOf } from './network.ts'
import { TESTBEDS_DIRECTORY } from './plan.ts'

/** Everything of a testbed that the machine knows of, a line each; empty after `down`. */
export async function leftovers (index: number): Promise<readonly string[]> {
  const [links, mounts, tables, processes] = await Promise.all([
    command('ip', ['-o', 'link']), readFile('/proc/self/mountinfo', 'utf8'), command('nft', ['list', 'tables']), command('ps', ['-e', '-o', 'args'])
  ])
  const mark = new RegExp(`ovha${index}\\b|ovsdb-ha-testbed/${index}\\b|\\b10\\.213\\.${index}\\.`)
  const directory = await access(`${TESTBEDS_DIRECTORY}/${index}`).then(() => [`directory ${index}`], () => [])
  return [...await namespacesOf(index), ...directory, ...[links, mounts, tables, processes].flatMap(text => text.split('\n')).filter(line => mark.test(line))]
}
