// Goal: the simulator's model of ovsdb-server does what real ones do. Method: the same sequence of steps on two servers of
// the model and on two real ones (3.1 and 3.5, through the agent's adapter); after each step both must come to the same
// state, and each step must succeed or fail on both (FACTS R 1 to 9).
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { heartbeatFile } from '../../agent/ovsdb/server-command.ts'
import type { ServerObservation } from '../../agent/server.ts'
import { createNetwork } from '../sim/network.ts'
import { createServerModel, type ServerModel } from '../sim/server-model.ts'
import { drawSettings } from '../sim/settings.ts'
import { createRandom, createWorld } from '../sim/world.ts'
import { createTestNode, GATE_ADDRESS, insertRows, position, promoteBehindOurBack, signalAndWait, switchNames, TIMING, VERSIONS, type TestNode, type Version } from './ovsdb-server-fixture.ts'
import { until } from './support/wait.ts'
import { loopbackAddress } from './support/loopback.ts'

const SAME_DEADLINE_MS = 8_000
const SETTLE_MS = 5_000
const NEVER_ABORTED = new AbortController().signal

type Node = 'a' | 'b'
interface Step { readonly what: string, readonly real: () => Promise<unknown>, readonly model: () => string | null }
type Seen = Pick<ServerObservation, 'health' | 'role' | 'replication' | 'complete' | 'gateOpen' | 'position'> & { readonly source: Node | null, readonly rows: number | null }

const ADDRESSES: Readonly<Record<Node, string>> = { a: loopbackAddress(11), b: loopbackAddress(12) }
const REPLICATION_PORT = 26_751

function createModel () {
  const world = createWorld()
  const random = createRandom(1)
  const drawn = drawSettings(random, 'normal', 1)
  const settings = { ...drawn, cluster: { ...drawn.cluster, timing: TIMING }, resyncMs: 20, replicationLagMs: 1, rescueFailure: 0, commandFailure: 0 }
  const network = createNetwork(world, random, { delayMinMs: 0.1, delayMaxMs: 1, loss: 0, duplication: 0, slowTo: null })
  const context = { world, random, network, settings, changed: () => {}, onTrouble: () => {}, diskLost: () => {} }
  const servers = { a: createServerModel(context, 'a', 'nb'), b: createServerModel(context, 'b', 'nb') }
  return { servers, settle: () => world.runUntil(world.now() + SETTLE_MS) }
}

function seenInModel (server: ServerModel): Seen {
  const { health, role, source, replication, complete, gateOpen, position } = server.observe()
  const answers = health === 'up'
  return { health, role: answers ? role : 'unknown', replication: answers ? replication : 'none', complete, gateOpen: answers && gateOpen, position: answers ? position : null, source: !answers || source === null ? null : source.split(':')[1] as Node, rows: answers ? server.rows().depth : null }
}

async function seenForReal (node: TestNode): Promise<Seen> {
  const { health, role, source, replication, complete, gateOpen, position } = await node.server().observe()
  const answers = health === 'up'
  const from = (Object.keys(ADDRESSES) as Node[]).find(name => source === `tcp:${ADDRESSES[name]}:${REPLICATION_PORT}`) ?? null
  return { health, role, replication, complete, gateOpen, position, source: from, rows: answers ? await rowsOf(node) : null }
}

async function rowsOf (node: TestNode): Promise<number> {
  const client = await node.client()
  try {
    return (await switchNames(client)).length
  } finally {
    client.destroy()
  }
}

function steps (real: Readonly<Record<Node, TestNode>>, model: Readonly<Record<Node, ServerModel>>): readonly Step[] {
  let written = 0
  const act = (what: string, run: (node: TestNode) => Promise<unknown>, same: (server: ServerModel) => string | null) => (name: Node): Step =>
    ({ what: `${what} ${name}`, real: async () => await run(real[name]), model: () => same(model[name]) })
  const start = act('start', node => node.server().start(), server => { server.start(); return null })
  const promote = (name: Node, term: number): Step => act(`promote in term ${term}:`, node => node.server().promote(position(term, 1, name), { force: false }), server => server.promote(position(term, 1, name), false))(name)
  const heartbeat = (name: Node, term: number, sequence: number): Step => act(`heartbeat ${sequence} on`, node => node.server().writeHeartbeat(position(term, sequence, name)), server => server.writePosition(position(term, sequence, name)))(name)
  const write = act('write a row to', async node => {
    const client = await node.client()
    try {
      await insertRows(client, `row${written++}-`, 1)
    } finally {
      client.destroy()
    }
  }, server => server.write(null) === null ? 'not allowed' : null)
  const follow = (name: Node, source: Node): Step => ({
    what: `${name} follows ${source}`,
    real: async () => { await real[name].server().follow({ node: source, address: ADDRESSES[source] }, NEVER_ABORTED) },
    model: () => model[name].follow(model[source])
  })
  const freeze = act('freeze', node => node.server().becomeBackup(), server => server.toPlaceholder())
  const open = act('open the gate of', node => node.server().openGate([GATE_ADDRESS]), server => server.setGate(true))
  const close = act('close the gate of', node => node.server().closeGate(), server => server.setGate(false))
  const crash = act('kill', node => node.server().kill(), server => { server.crash(); return null })
  const stop = act('stop', async node => { await signalAndWait(await node.pid(), 'SIGSTOP') }, server => { server.hang(); return null })
  const goOn = act('wake', async node => { process.kill(await node.pid(), 'SIGCONT') }, server => { server.wake(); return null })
  const promoteItself = act('self-promotion of', promoteBehindOurBack, server => server.promoteItself() ? null : 'not possible')
  const loseFile = act('lost file of', async node => {
    await node.server().kill()
    await rm(node.config.databaseFile)
    await rm(heartbeatFile(node.config))
  }, server => { server.loseFile(); return null })

  return [
    start('a'), start('b'), write('a'), promote('a', 1), write('a'), write('a'), write('b'), heartbeat('b', 1, 9),
    // nobody replicates from a server that has not served yet
    follow('b', 'a'), open('a'), close('a'), follow('b', 'a'), write('a'), heartbeat('a', 1, 2), write('b'), heartbeat('b', 1, 9),
    // a switchover: the old active stays a source while it is frozen, and follows in the end
    freeze('a'), write('a'), heartbeat('a', 1, 3), promote('b', 2), write('b'), open('b'), close('b'), follow('a', 'b'), write('b'), heartbeat('b', 2, 2),
    // the source dies and comes back as a backup: who followed it goes on to say so, and has its rows
    crash('b'), crash('b'), start('b'), write('b'), follow('b', 'b'),
    promote('a', 3), follow('b', 'a'), write('a'),
    // hung: nothing succeeds, and all is there when it goes on
    stop('a'), goOn('a'), write('a'),
    // a backup that turned active by itself is writable, is no candidate, and is made to follow again
    promoteItself('b'), write('b'), promote('b', 4), freeze('b'), promote('b', 4), write('b'), follow('b', 'a'), write('a'),
    // a lost file: empty, not complete, and no source until it has a copy
    loseFile('b'), start('b'), promote('b', 4), follow('a', 'b'), follow('b', 'a'), write('a')
  ]
}

for (const version of VERSIONS.filter(({ control }) => control === 'appctl')) {
  describe(`the simulator's model and ovsdb-server ${version.name}`, { skip: version.skip }, () => {
    test('come to the same state after each step of the same sequence', { timeout: 60_000 }, async t => {
      const { servers, settle } = createModel()
      const real = { a: await node(version, 'a'), b: await node(version, 'b') }
      t.after(async () => {
        await real.a.end()
        await real.b.end()
      })
      for (const [at, step] of steps(real, servers).entries()) {
        const title = `step ${at}: ${step.what}`
        const refused = step.model()
        settle()
        const error = await step.real().then(() => null, (cause: Error) => cause)
        assert.equal(error !== null, refused !== null, `${title}: the model says ${refused ?? 'done'}, the real server ${error?.message ?? 'done'}`)
        await assertSame(title, real, servers)
      }
    })
  })
}

async function assertSame (title: string, real: Readonly<Record<Node, TestNode>>, model: Readonly<Record<Node, ServerModel>>): Promise<void> {
  const expected = { a: seenInModel(model.a), b: seenInModel(model.b) }
  let seen: unknown = null
  const same = async (): Promise<boolean> => {
    seen = { a: await seenForReal(real.a), b: await seenForReal(real.b) }
    try {
      assert.deepEqual(seen, expected)
      return true
    } catch {
      return false
    }
  }
  await until(title, SAME_DEADLINE_MS, same).catch(() => assert.deepEqual(seen, expected, `${title}: the real servers (actual) and the model (expected) differ`))
}

async function node (version: Version, name: Node): Promise<TestNode> {
  return await createTestNode({ version, name, address: ADDRESSES[name], server: { replicationPort: REPLICATION_PORT, listen: { method: 'tcp', port: 26_651 } } })
}
