import { EventEmitter } from 'node:events'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { createAgentApi, type AgentApiOptions } from '../../../../agent/api/server.ts'
import type { UnitService } from '../../../../agent/unit-service.ts'
import type { Order, OrderReply } from '../../../../protocol/order.ts'
import type { Happening, Report } from '../../../../protocol/report.ts'
import type { LeaseReply, TermReply } from '../../../../protocol/vote.ts'

/** A unit held in memory: says what it is told to say, and remembers what it was asked. */
export interface UnitDouble extends UnitService {
  readonly asked: { readonly method: string, readonly body: unknown }[]
  say (changes: Partial<Report>): void
  /** What followers do not hear of, such as a heartbeat. */
  change (changes: Partial<Report>): void
  happen (kind: string, message?: string): void
  readonly followers: () => number
  termReply: TermReply
  leaseReply: LeaseReply
  onOrder: (order: Order) => Promise<OrderReply>
}

export function reportOf (changes: Partial<Report> = {}): Report {
  return {
    cluster: 'ovn',
    node: 'n1',
    bootId: 'boot-1',
    sequence: 1,
    configDigest: 'digest',
    phase: 'backup',
    voter: { problem: null, term: 4, holder: 'n2', released: null, granted: false, sequence: 0, previous: null, heard: null, voters: { generation: 1, names: ['n1', 'n2', 'n3'] }, met: [], grants: [] },
    lease: { term: 0, held: false, remainingMs: 0, releasedTerm: 0, releasedServed: false, votersGeneration: 0, without: null },
    servers: [{
      name: 'nb',
      database: 'OVN_Northbound',
      health: 'up',
      reason: null,
      overdue: false,
      role: 'backup',
      source: 'tcp:10.0.0.2:16641',
      replication: 'replicating',
      complete: true,
      incompleteReason: null,
      position: { term: 4, sequence: 17, writer: 'n2' },
      hasRows: true,
      pid: 1234,
      version: '3.1.0',
      fileBytes: 4096,
      gateOpen: false
    }],
    following: 'n2',
    endpoints: [{ address: '10.0.0.100', held: false }],
    guard: { kind: 'nftables', vipLifetime: false, slackMs: 250, problem: null },
    rescues: { files: 0, bytes: 0, unacknowledgedFiles: 0 },
    problems: [],
    ...changes
  }
}

export function createUnitDouble (changes: Partial<Report> = {}): UnitDouble {
  let report = reportOf(changes)
  const events = new EventEmitter()
  let happenings = 0
  const asked: { method: string, body: unknown }[] = []
  const unit: UnitDouble = {
    cluster: report.cluster,
    asked,
    termReply: { ok: true, grants: [] },
    leaseReply: { ok: true },
    onOrder: async () => ({ ok: true, reason: null, steps: [] }),
    report: () => report,
    follow (onReport, onHappening) {
      events.on('report', onReport).on('happening', onHappening)
      return () => { events.off('report', onReport).off('happening', onHappening) }
    },
    followers: () => events.listenerCount('report'),
    change (next) { report = { ...report, ...next } },
    say (next) {
      report = { ...report, sequence: report.sequence + 1, ...next }
      events.emit('report', report)
    },
    happen (kind, message = kind) {
      events.emit('happening', { cluster: report.cluster, node: report.node, bootId: report.bootId, sequence: ++happenings, kind, message, facts: {} } satisfies Happening)
    },
    async term (body) {
      asked.push({ method: 'term', body })
      return unit.termReply
    },
    async lease (body) {
      asked.push({ method: 'lease', body })
      return unit.leaseReply
    },
    async release (body) { asked.push({ method: 'release', body }) },
    async order (body) {
      asked.push({ method: 'order', body })
      return await unit.onOrder(body)
    }
  }
  return unit
}

export function createApi (units: readonly UnitDouble[], changes: Partial<AgentApiOptions> = {}) {
  return createAgentApi({
    units: new Map(units.map(unit => [unit.cluster, unit])),
    rescues: new Map(),
    maintenance: new Map(),
    statistics: new Map(),
    node: 'n1',
    version: '1.2.3',
    tls: null,
    allowedPeers: [],
    reportEveryMs: 10_000,
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    ...changes
  })
}

export interface Texts { readonly key: string, readonly cert: string, readonly ca: string }

/** Certificates made by openssl for these tests only: an authority, and what it (or a stranger's authority) signs. */
export async function createAuthority () {
  const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-tls-'))
  const run = promisify(execFile)
  const openssl = async (...args: readonly string[]) => await run('openssl', args, { cwd: directory, timeout: 30_000 })
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const
  await openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test authority')

  return {
    /** `altName` as openssl writes it (`DNS:n1`); without it only the common name. */
    async issue (name: string, altName?: string): Promise<Texts> {
      const file = `cert-${Math.random().toString(36).slice(2)}`
      await openssl('req', ...ec, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${name}`)
      await writeFile(join(directory, `${file}.ext`), altName === undefined ? 'basicConstraints=CA:FALSE\n' : `subjectAltName=${altName}\n`)
      await openssl('x509', '-req', '-in', `${file}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', `${file}.pem`, '-days', '2', '-extfile', `${file}.ext`)
      const read = async (path: string) => await readFile(join(directory, path), 'utf8')
      return { key: await read(`${file}.key`), cert: await read(`${file}.pem`), ca: await read('ca.pem') }
    },
    remove: async () => await rm(directory, { recursive: true, force: true })
  }
}
