// A real HAProxy with the delivered haproxy.cfg before three nodes on loopback: the answers are the agent's own, and behind each
// stands a listener that says the node's name to whoever it lets in, and would go on for ever.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pino } from 'pino'
import { createCheckServer } from '../../agent/api/check-server.ts'
import { HAPROXY_FILE, haproxyConfig } from '../testbed/balancers.ts'
import { CHECK_PORT, SERVERS } from '../testbed/cluster-file.ts'
import { planTestbed } from '../testbed/plan.ts'
import { createUnitDouble } from '../unit/agent/api/unit-double.ts'
import { until } from './support/wait.ts'
import { loopbackAddress } from './support/loopback.ts'

const CLIENTS_ADDRESS = loopbackAddress(50)
const NAMES = ['a', 'b', 'c'] as const
const addressOf = (name: string) => loopbackAddress(11 + NAMES.indexOf(name as 'a'))
const [{ port: PORT }] = SERVERS
const DEADLINE_MS = 60_000
/** Where keepalived asks. */
const ALIVE_URL = 'http://127.0.0.1:8405/alive'
const SERVING = { phase: 'active', lease: { term: 4, held: true, remainingMs: 1_500, releasedTerm: 0, releasedServed: false, votersGeneration: 0, without: null } } as const

interface Node {
  readonly serves: (serves: boolean) => void
  /** As an agent that is stopped: the kernel takes connections, and nobody answers. */
  readonly freeze: () => Promise<void>
  readonly openGate: () => Promise<void>
  readonly closeGate: () => Promise<void>
  readonly end: () => Promise<void>
}

async function createNode (name: string): Promise<Node> {
  const unit = createUnitDouble({ phase: 'backup' })
  const checks = createCheckServer({ unit, node: name, logger: pino({ level: 'silent' }) })
  await checks.listen({ host: addressOf(name), port: CHECK_PORT })
  const sockets = new Set<net.Socket>()
  const keep = (socket: net.Socket) => { sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())) }
  const mute = net.createServer(keep)
  const gate = net.createServer(socket => {
    keep(socket)
    socket.write(name)
  })
  const listen = async (server: net.Server, port: number) => { await once(server.listen(port, addressOf(name)), 'listening') }
  const close = async (server: net.Server) => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await once(server.close(), 'close')
  }
  return {
    serves: serves => unit.change(serves ? SERVING : { phase: 'stopping' }),
    freeze: async () => {
      await checks.close()
      await listen(mute, CHECK_PORT)
    },
    openGate: () => listen(gate, PORT),
    closeGate: () => close(gate),
    end: async () => {
      await Promise.all([close(gate), close(mute), checks.close()])
    }
  }
}

interface Session {
  /** Whose name was said; null when nobody was reached. */
  readonly node: string | null
  readonly ended: () => boolean
  readonly end: () => void
}

/** One try of a client to be let in. */
async function dial (): Promise<Session> {
  const socket = net.connect(PORT, CLIENTS_ADDRESS).setEncoding('utf8')
  const said = Promise.withResolvers<string | null>()
  socket.once('data', (text: string) => said.resolve(text)).once('close', () => said.resolve(null)).on('error', () => said.resolve(null))
  return { node: await said.promise, ended: () => socket.destroyed, end: () => { socket.destroy() } }
}

async function sessionTo (name: string): Promise<Session> {
  let session: Session | null = null
  await until(`a client to reach ${name}`, DEADLINE_MS, async () => {
    session?.end()
    session = await dial()
    return session.node === name
  })
  return session!
}

describe('the delivered haproxy.cfg', () => {
  let directory: string
  let haproxy: ChildProcess
  const nodes = new Map<string, Node>()
  const node = (name: string) => nodes.get(name)!

  before(async () => {
    for (const name of NAMES) nodes.set(name, await createNode(name))
    directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-haproxy-'))
    const plan = planTestbed(0, { nodes: '3', controllers: 1, redis: 0 })
    const local = { ...plan, vip: CLIENTS_ADDRESS, hosts: plan.hosts.map(host => host.kind === 'data' ? { ...host, address: addressOf(host.name) } : host) }
    const file = join(directory, 'haproxy.cfg')
    await writeFile(file, haproxyConfig(await readFile(HAPROXY_FILE, 'utf8'), local))
    haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore', env: { PATH: `${process.env.PATH}:/usr/sbin` } })
    await once(haproxy, 'spawn')
    await until('HAProxy to run', DEADLINE_MS, () => fetch(ALIVE_URL).then(({ ok }) => ok, () => false))
  })

  after(async () => {
    if (haproxy.exitCode === null && haproxy.signalCode === null) {
      haproxy.kill('SIGKILL')
      await once(haproxy, 'close')
    }
    await Promise.all([...nodes.values()].map(one => one.end()))
    await rm(directory, { recursive: true, force: true })
  })

  test('while nobody serves nobody is reached, although every listener would let clients in', async () => {
    for (const name of NAMES) await node(name).openGate()
    await until('nobody to be reached', DEADLINE_MS, async () => {
      const session = await dial()
      session.end()
      return session.node === null
    })
  })

  test('the node that says so is reached; when it says so no more, its sessions are cut and the next one is reached', async () => {
    node('a').serves(true)
    const session = await sessionTo('a')
    node('a').serves(false)
    node('b').serves(true)
    await until('the session to the old active to be cut', DEADLINE_MS, async () => session.ended())
    const next = await sessionTo('b')
    next.end()
  })

  test('a node whose agent is frozen is left: its sessions are cut, although its listener lives', async () => {
    const session = await sessionTo('b')
    await node('b').freeze()
    node('c').serves(true)
    await until('the session to the frozen node to be cut', DEADLINE_MS, async () => session.ended())
    const next = await sessionTo('c')
    next.end()
  })

  test('a node that refuses clients is passed over, whatever it says of itself', async () => {
    node('a').serves(true)
    await node('c').closeGate()
    const session = await sessionTo('a')
    assert.equal(session.ended(), false)
    session.end()
  })
})
