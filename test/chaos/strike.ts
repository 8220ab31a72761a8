// Faults as they are done to the testbed. Each resolves to what undoes it; a fault that finds no victim throws a
// TestbedError. Overlapping faults of one kind on one host end with the last of them.
import { appendFile, rm, statfs } from 'node:fs/promises'
import type { OperationView } from '../../protocol/api.ts'
import { CLUSTER_NAME, SERVERS, serverPaths, type ServerName } from '../testbed/cluster-file.ts'
import { command, TestbedError } from '../testbed/command.ts'
import type { CutDirection } from '../testbed/network.ts'
import { controllersOf, hostOf, nodesOf, redisHostsOf } from '../testbed/plan.ts'
import { findProcess, signalProcess, type DaemonName, type ProcessName } from '../testbed/product.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { poll } from '../testbed/wait.ts'
import type { FaultKind } from './faults.ts'

export interface Struck {
  readonly undo: () => Promise<void>
  /** What came of it, for the timeline. */
  readonly note: string
}

export interface Target {
  readonly host: string
  readonly variant: string | null
  readonly durationMs: number
}

const END_DEADLINE_MS = 10_000
const FILL_FILE = 'lib/chaos-fill'
const FILL_WRITTEN_BYTES = 8_388_608
/** Drops replication both ways, whoever the source is. */
const REPLICATION_RULES = `add table inet chaos
  add chain inet chaos input { type filter hook input priority -20; }
  add rule inet chaos input tcp dport { ${SERVERS.map(server => server.replicationPort).join(', ')} } drop
  add rule inet chaos input tcp sport { ${SERVERS.map(server => server.replicationPort).join(', ')} } drop`

/** What one campaign does to its testbed. */
export type Strikes = Readonly<Record<FaultKind, (target: Target) => Promise<Struck>>>

export function createStrikes (testbed: Testbed): Strikes {
  const claims = new Map<string, number>()
  /** The undoing happens when nobody else still wants the same thing. */
  const lasting = (key: string, note: string, undo: () => Promise<unknown>): Struck => {
    claims.set(key, (claims.get(key) ?? 0) + 1)
    return {
      note,
      undo: async () => {
        const left = (claims.get(key) ?? 1) - 1
        claims.set(key, left)
        if (left === 0) await undo()
      }
    }
  }
  return { ...processStrikes(testbed, lasting), ...hostStrikes(testbed, lasting), ...operatorStrikes(testbed) }
}

type Lasting = (key: string, note: string, undo: () => Promise<unknown>) => Struck

function ignoreEnded (error: Error): void {
  if (!(error instanceof TestbedError)) throw error
}

/** Those that could be struck; none of them is a miss. */
async function allOf (strikes: ReadonlyArray<Promise<Struck>>): Promise<Struck> {
  const settled = await Promise.allSettled(strikes)
  const struck = settled.flatMap(one => one.status === 'fulfilled' ? [one.value] : [])
  const [first] = settled
  if (struck.length === 0 && first?.status === 'rejected') throw first.reason
  return { note: struck.map(({ note }) => note).join(', '), undo: async () => { await Promise.all(struck.map(({ undo }) => undo())) } }
}

const once = (note: string): Struck => ({ note, undo: async () => { /* over at once */ } })

function processStrikes (testbed: Testbed, lasting: Lasting) {
  const { plan } = testbed
  const on = (host: string) => hostOf(plan, host)
  const frozen = async (host: string, name: ProcessName) => {
    const pid = await signalProcess(on(host), name, 'SIGSTOP')
    return lasting(`stop ${name} ${host}`, `process ${pid}`, () => signalProcess(on(host), name, 'SIGCONT'))
  }
  const ended = async (host: string, name: DaemonName, signalName: 'SIGKILL' | 'SIGTERM') => {
    const pid = await signalProcess(on(host), name, signalName)
    // a frozen one could not end
    if (signalName === 'SIGTERM') await signalProcess(on(host), name, 'SIGCONT').catch(ignoreEnded)
    return lasting(`kill ${name} ${host}`, `process ${pid}`, async () => {
      // one that was asked to end may take its time
      await poll(async () => (await findProcess(on(host), name))?.pid === pid ? null : true, { deadlineMs: END_DEADLINE_MS, everyMs: 50, what: `the ${name} of ${host} to end` })
      if (await findProcess(on(host), name) === null) await testbed.startAgent(host)
    })
  }
  const appctl = async (host: string, variant: string | null, order: string) => {
    await inside(testbed, host, ['ovs-appctl', '--timeout=5', '-t', serverPaths(serverOf(variant)).controlSocket, order])
    return once('')
  }
  return {
    serverKill: async ({ host, variant }: Target) => once(`process ${await testbed.killServer(host, serverOf(variant))}`),
    serverStop: ({ host, variant }: Target) => frozen(host, serverOf(variant)),
    agentStop: ({ host }: Target) => frozen(host, 'agent'),
    agentKill: ({ host }: Target) => ended(host, 'agent', 'SIGKILL'),
    controllerStop: ({ host }: Target) => frozen(host, 'controller'),
    controllerKill: ({ host }: Target) => ended(host, 'controller', 'SIGKILL'),
    controllerRestart: ({ host }: Target) => ended(host, 'controller', 'SIGTERM'),
    controllersKill: () => allOf(controllersOf(plan).map(({ name }) => ended(name, 'controller', 'SIGKILL'))),
    redisKill: ({ host }: Target) => ended(host, 'redis', 'SIGKILL'),
    redisStop: ({ host }: Target) => frozen(host, 'redis'),
    storeStop: () => allOf(redisHostsOf(plan).map(({ name }) => frozen(name, 'redis'))),
    redisFlush: async ({ host }: Target) => {
      await testbed.flushRedis(host)
      return once('')
    },
    storeFlush: async () => {
      const flushed = await Promise.allSettled(redisHostsOf(plan).map(({ name }) => testbed.flushRedis(name)))
      return once(`${flushed.filter(({ status }) => status === 'fulfilled').length} of ${flushed.length}`)
    },
    selfPromotion: ({ host, variant }: Target) => appctl(host, variant, 'ovsdb-server/disconnect-active-ovsdb-server'),
    compact: ({ host, variant }: Target) => appctl(host, variant, 'ovsdb-server/compact')
  }
}

function hostStrikes (testbed: Testbed, lasting: Lasting) {
  const cut = async ({ host, variant }: Target) => {
    await testbed.cutHost(host, (variant ?? 'both') as CutDirection)
    return lasting(`cut ${host}`, '', () => testbed.healHost(host))
  }
  const powerOff = async (host: string) => {
    await testbed.powerOffHost(host)
    return lasting(`power ${host}`, '', () => testbed.startHost(host))
  }
  return {
    cut,
    cutOneWay: cut,
    controllerCut: cut,
    redisCut: cut,
    replicationCut: async ({ host }: Target) => {
      await inside(testbed, host, ['nft', REPLICATION_RULES])
      return lasting(`replication ${host}`, '', () => inside(testbed, host, ['nft', 'add table inet chaos; delete table inet chaos']))
    },
    diskFull: async ({ host }: Target) => {
      const { directory } = hostOf(testbed.plan, host)
      const { bavail, bsize } = await statfs(`${directory}/lib`)
      await fill(`${directory}/${FILL_FILE}`, bavail * bsize)
      return lasting(`disk ${host}`, `${bavail * bsize} bytes`, () => rm(`${directory}/${FILL_FILE}`, { force: true }))
    },
    powerOff: ({ host }: Target) => powerOff(host),
    blackout: async () => {
      const off = await Promise.all(nodesOf(testbed.plan).map(({ name }) => powerOff(name)))
      return { note: '', undo: async () => { await Promise.all(off.map(({ undo }) => undo())) } }
    }
  }
}

/** Most of it is only reserved; the end is written, until nothing more fits: others write there too. */
async function fill (file: string, freeBytes: number): Promise<void> {
  const reservedBytes = Math.max(0, freeBytes - FILL_WRITTEN_BYTES)
  if (reservedBytes > 0) await command('fallocate', ['-l', String(reservedBytes), file])
  await appendFile(file, Buffer.alloc(2 * FILL_WRITTEN_BYTES)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOSPC') throw error
  })
}

/** What an operator may order at the worst moment. A refusal is an answer like any other. */
function operatorStrikes (testbed: Testbed) {
  const ask = async (what: string, body: object): Promise<string> => {
    const api = await testbed.api()
    const { status, body: reply } = await api.post<{ readonly operation?: OperationView | null, readonly code?: string } | null>(`/v1/clusters/${CLUSTER_NAME}/${what}`, body)
      .catch((error: Error) => { throw new TestbedError(`no answer: ${error.message}`) })
    if (status >= 300) throw new TestbedError(`${status} ${reply?.code ?? ''}`)
    const operation = reply?.operation
    return operation === undefined || operation === null ? '' : `${operation.from ?? '-'} -> ${operation.to ?? '-'} ${operation.outcome}`
  }
  return {
    switchover: async ({ host, variant }: Target) => once(await ask('switchover', variant === 'named' ? { to: host } : {})),
    failover: async () => once(await ask('failover', {})),
    forcedFailover: async () => once(await ask('failover', { force: true })),
    pause: async () => {
      await ask('pause', { reason: 'chaos' })
      return { note: '', undo: async () => { await ask('resume', {}) } }
    }
  }
}

async function inside (testbed: Testbed, host: string, argv: readonly string[]): Promise<void> {
  const { failed, stderr } = await testbed.exec(host, argv)
  if (failed) throw new TestbedError(`${argv[0]} on ${host}: ${stderr}`)
}

function serverOf (variant: string | null): ServerName {
  const server = SERVERS.find(({ name }) => name === variant)
  if (server === undefined) throw new RangeError(`no server is called ${variant}`)
  return server.name
}
