// Which node a host is: by name, or by a file for hosts whose name in cluster.yaml is another one than their own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { stringify } from 'yaml'
import { soundFile } from '../../../config-fixture.ts'
import { assertFailed, runCli, type CommandOptions } from '../cli-fixture.ts'

interface Bench {
  readonly file: (name: string, text: string) => Promise<string>
  /** Both commands that must know the node; neither finds one called ctl9, and both say so. */
  readonly run: (args: readonly string[], environment?: CommandOptions) => Promise<readonly [agent: Awaited<ReturnType<typeof runCli>>, health: Awaited<ReturnType<typeof runCli>>]>
}

async function bench (t: TestContext): Promise<Bench> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-node-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const file: Bench['file'] = async (name, text) => {
    await writeFile(path.join(directory, name), text)
    return path.join(directory, name)
  }
  const config = await file('cluster.yaml', stringify(soundFile()))
  return {
    file,
    run: async (args, environment) => [await runCli(['agent', '--config', config, ...args], environment), await runCli(['health', 'agent', '--config', config, ...args], environment)]
  }
}

test('a node is named by an option, by the environment, or by the first word of a file that either names; an option comes before its variable', async t => {
  const { file, run } = await bench(t)
  const said = await file('node', '  ctl9 192.0.2.9 8643\n')
  const other = await file('other', 'ctl8')
  const ways: ReadonlyArray<readonly [readonly string[], CommandOptions?]> = [
    [['--node', 'ctl9']], [[], { node: 'ctl9' }], [['--node', 'ctl9'], { node: 'ctl8' }],
    [['--node-file', said]], [[], { nodeFile: said }], [['--node-file', said], { nodeFile: other }]
  ]
  for (const [args, environment] of ways) {
    const [agent, health] = await run(args, environment)
    assertFailed(agent, 1, /^OVSDB_HA_NO_SUCH_NODE: .* has no node ctl9; /)
    assertFailed(health, 2, /^OVSDB_HA_USAGE: The file has no node ctl9/)
  }
})

test('a node that is named by nothing, or in two ways, is refused: the two could differ', async t => {
  const { file, run } = await bench(t)
  const said = await file('node', 'ctl1')
  for (const outcome of await run([])) assertFailed(outcome, 2, /^OVSDB_HA_USAGE: It is not said which node this is\nhint: Give exactly one of --node/)
  const twice: ReadonlyArray<readonly [readonly string[], CommandOptions?]> = [
    [['--node', 'ctl1', '--node-file', said]], [['--node-file', said], { node: 'ctl1' }], [['--node', 'ctl1'], { nodeFile: said }], [[], { node: 'ctl1', nodeFile: said }]
  ]
  for (const [args, environment] of twice) {
    for (const outcome of await run(args, environment)) assertFailed(outcome, 2, /^OVSDB_HA_USAGE: It is said twice which node this is: ctl1, and in the file .*\/node\nhint: /)
  }
})

test('a file that is missing, empty, or begins with no name of a node is refused, with its path and what it should hold', async t => {
  const { file, run } = await bench(t)
  const wrong: ReadonlyArray<readonly [string, RegExp]> = [
    ['/nonexistent/node', /\/nonexistent\/node cannot be used: ENOENT/],
    [await file('empty', ' \n\n'), /\/empty cannot be used: it is empty/],
    [await file('address', '192.0.2.9 ctl1'), /\/address cannot be used: its first word is no name of a node: "192\.0\.2\.9"/],
    [path.dirname(await file('folder', '')), /cannot be used: EISDIR/]
  ]
  for (const [place, why] of wrong) {
    for (const outcome of await run(['--node-file', place])) {
      assertFailed(outcome, 2, /^OVSDB_HA_FILE_UNUSABLE: The file with this node's name .*\nhint: Write this node's name in cluster\.yaml as the first word/)
      assertFailed(outcome, 2, why)
    }
  }
})
