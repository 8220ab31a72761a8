// Agents as processes: how one starts, and how one that must not start says so. A witness needs no databases and no rights.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { execa, type Options } from 'execa'
import { stringify } from 'yaml'
import { until } from './support/wait.ts'
import { makeCertificates } from '../unit/controller/link/certificates.ts'
import { loopbackAddress } from './support/loopback.ts'

const MAIN = path.resolve(import.meta.dirname, '../../cli/main.ts')
const DEADLINE_MS = 200_000
/** A loaded machine may need long to start a process several times. */
const END_MS = 400_000

async function freePort (): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  return port
}

interface Bench {
  readonly directory: string
  readonly port: number
  /** Starts an agent with this file; it is killed with the test. `run` resolves at its end. */
  readonly agent: (changes?: object) => Promise<{ readonly run: ReturnType<typeof start> }>
}

const start = (args: readonly string[]) => execa(process.execPath, [MAIN, 'agent', ...args], { reject: false, timeout: END_MS, killSignal: 'SIGKILL', stdin: 'ignore', env: { NOTIFY_SOCKET: undefined } } satisfies Options)

const clustersAt = (address: string) => [{
  name: 'ovn',
  nodes: ['a', 'b', { name: 'w', witness: true }],
  servers: [{ name: 'nb', database: 'OVN_Northbound', listen: { method: 'tcp', port: 6641 } }],
  endpoints: [{ type: 'vip', interface: 'lo', addresses: [address] }]
}]

async function bench (t: TestContext): Promise<Bench> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ovsdb-ha-start-'))
  const port = await freePort()
  const running: Array<ReturnType<typeof start>> = []
  let files = 0
  t.after(async () => {
    for (const run of running) run.kill('SIGKILL')
    await Promise.all(running)
    await rm(directory, { recursive: true, force: true })
  })
  return {
    directory,
    port,
    async agent (changes = {}) {
      const file = path.join(directory, `cluster-${++files}.yaml`)
      await writeFile(file, stringify({
        version: 1,
        nodes: [{ name: 'a', address: loopbackAddress(1) }, { name: 'b', address: loopbackAddress(2) }, { name: 'w', address: '127.0.0.1', agentPort: port }],
        agent: { stateDirectory: `${directory}/state`, runDirectory: `${directory}/run` },
        clusters: clustersAt(`${loopbackAddress(100)}/24`),
        ...changes
      }))
      const run = start(['--config', file, '--node', 'w'])
      running.push(run)
      return { run } // not itself: it would be waited for
    }
  }
}

async function untilReady (port: number): Promise<void> {
  await until('the agent to answer', DEADLINE_MS, () => fetch(`http://127.0.0.1:${port}/readyz`).then(answer => answer.ok, () => false))
}

test('two agents with one node name: the second is refused, says so, touches nothing, and the first goes on', async t => {
  const { agent, port, directory } = await bench(t)
  const { run: first } = await agent()
  await untilReady(port)
  const before = await readdir(`${directory}/state`, { recursive: true })
  const second = await (await agent()).run
  assert.equal(second.exitCode, 1, second.stderr)
  // not by its port, which another file may give it: a state directory has one agent
  assert.match(second.stderr, /^OVSDB_HA_NODE_RUNS_ALREADY: this node has an agent already: the state directory .+ is in use by an agent of this host\nhint: Stop the other agent first/m)
  assert.deepEqual(await readdir(`${directory}/state`, { recursive: true }), before)
  const elsewhere = await (await agent({ agent: { stateDirectory: `${directory}/elsewhere`, runDirectory: `${directory}/run` } })).run
  assert.match(elsewhere.stderr, new RegExp(`OVSDB_HA_NODE_RUNS_ALREADY: .*something listens on 127\\.0\\.0\\.1 port ${port} already`))
  await untilReady(port)
  first.kill('SIGTERM')
  assert.equal((await first).exitCode, 0, (await first).stderr)
})

test('an agent that was given another host\'s name ends and names the address that is not here', async t => {
  const { agent } = await bench(t)
  // 192.0.2.0/24 is for documentation: no host has it
  const { exitCode, stderr } = await (await agent({ insecure: true, nodes: [{ name: 'a', address: '192.0.2.1' }, { name: 'b', address: '192.0.2.2' }, { name: 'w', address: '192.0.2.3' }], clusters: clustersAt('192.0.2.100/24') })).run
  assert.equal(exitCode, 1, stderr)
  assert.match(stderr, /OVSDB_HA_ADDRESS_NOT_HERE: this host has not the address 192\.0\.2\.3 of node w\nhint: Is this host w\?/)
})

test('with a certificate that is missing or of another name the agent does not start, and says which file', async t => {
  const { agent, directory, port } = await bench(t)
  const tls = { certificate: `${directory}/tls/{node}.crt`, privateKey: `${directory}/tls/{node}.key`, caCertificate: `${directory}/tls/ca.crt` }
  const missing = await (await agent({ tls })).run
  assert.equal(missing.exitCode, 2, missing.stderr)
  assert.match(missing.stderr, new RegExp(`OVSDB_HA_CERTIFICATE_UNUSABLE: ${directory}/tls/w\\.key, for w: it cannot be read: ENOENT`))
  const made = (await makeCertificates(['a'])).get('a')!
  await mkdir(`${directory}/tls`)
  await Promise.all([writeFile(`${directory}/tls/w.key`, made.key), writeFile(`${directory}/tls/w.crt`, made.cert), writeFile(`${directory}/tls/ca.crt`, made.ca)])
  const wrong = await (await agent({ tls })).run
  assert.equal(wrong.exitCode, 2, wrong.stderr)
  assert.match(wrong.stderr, /w\.crt, for w: it is for DNS:a, not for w\nhint: /)
  assert.deepEqual(await readdir(directory).then(names => names.includes('state')), false, 'nothing was laid out')
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`), 'nobody listens')
})
