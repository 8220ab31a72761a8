// A whole controller API on the real store, over a cluster that lives in memory.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { createControllerApi, type ControllerApiOptions } from '../../../../controller/api/api.ts'
import type { ClusterService } from '../../../../controller/cluster-service.ts'
import { createControllerMetrics } from '../../../../controller/metrics.ts'
import { createEmbeddedStore } from '../../../../controller/store/embedded.ts'
import { OvsdbHaError } from '../../../../protocol/errors.ts'
import type { ClusterView, HistoryEntry, OperationView, RefusedNode } from '../../../../protocol/api.ts'
import { clusterView, explanation, failoverPreview, operationView, preview } from './views.ts'

/** A refusal as the controller's core words it. */
export class NoCandidateError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_NO_CANDIDATE'
  readonly httpStatus = 409
  readonly hint = 'Wait until a backup is in sync, or take one with --force and lose what it lacks.'
  readonly refused: readonly RefusedNode[] = [{ node: 'n3', code: 'notInSync', message: 'n3 is 40 heartbeats behind' }]

  constructor () {
    super('No node may take over ovn', { cluster: 'ovn' })
  }
}

export interface MemoryCluster extends ClusterService {
  readonly calls: unknown[]
  change (over: Partial<ClusterView>): void
  /** What the next switchover or failover becomes; it is announced at once and ends when this resolves. */
  next: () => Promise<OperationView>
}

export function memoryCluster (over: Partial<ClusterView> = {}): MemoryCluster {
  let view = clusterView(over)
  const listeners = new Set<(view: ClusterView) => void>()
  const calls: unknown[] = []
  const begin = async (call: readonly unknown[], onStarted: ((operation: OperationView) => void) | undefined) => {
    calls.push(call)
    const ended = service.next()
    onStarted?.(operationView({ outcome: 'running', durationMs: null, steps: [] }))
    return await ended
  }
  const service: MemoryCluster = {
    name: view.name,
    calls,
    next: async () => operationView(),
    change (changed) {
      view = { ...view, ...changed }
      for (const listener of listeners) listener(view)
    },
    view: () => view,
    explain: () => explanation(),
    follow (onChange) {
      listeners.add(onChange)
      return () => { listeners.delete(onChange) }
    },
    switchover: (body, actor, onStarted) => begin(['switchover', body, actor], onStarted),
    failover: (body, actor, onStarted) => begin(['failover', body, actor], onStarted),
    fence: async (node, body, actor) => { calls.push(['fence', node, body, actor]) },
    changeVoters: async (change, node, body, actor) => { calls.push(['changeVoters', change, node, body, actor]) },
    forceQuorum: async (body, actor) => { calls.push(['forceQuorum', body, actor]) },
    unfence: async (node, body, actor) => { calls.push(['unfence', node, body, actor]) },
    confirmOff: async (node, body, actor) => { calls.push(['confirmOff', node, body, actor]) },
    acknowledge: async (body, actor) => { calls.push(['acknowledge', body, actor]) },
    plan: async (body, actor) => {
      calls.push(['plan', body, actor])
      const plan = { id: 's7', at: body.at, withinMs: body.withinMs ?? 60_000, to: body.to ?? null, by: actor, askedAt: '2026-01-02T03:04:05.678Z', reason: body.reason ?? '', begunAt: null }
      service.change({ planned: [...view.planned, plan] })
      return plan
    },
    planned: () => view.planned,
    async cancelPlan (id, actor) {
      calls.push(['cancelPlan', id, actor])
      service.change({ planned: view.planned.filter(one => one.id !== id) })
    },
    previewSwitchover: to => preview(to),
    previewFailover: (to, force) => failoverPreview(to, force),
    prefer: async (node, body, actor) => { calls.push(['prefer', node, body, actor]) },
    async pause ({ reason = '' }, actor) {
      calls.push(['pause', reason, actor])
      service.change({ paused: { by: actor, at: '2026-01-02T03:04:05.678Z', reason } })
    },
    async resume (actor) {
      calls.push(['resume', actor])
      service.change({ paused: null })
    }
  }
  return service
}

export const TOKENS: ControllerApiOptions['tokens'] = [
  { name: 'root', role: 'admin', token: 'admin-secret' },
  { name: 'ann', role: 'operator', token: 'operator-secret' },
  { name: 'wall', role: 'viewer', token: 'viewer-secret' }
]

export async function setUpApi (t: TestContext, over: Partial<ControllerApiOptions> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'ovsdb-ha-api-'))
  const store = createEmbeddedStore({ file: join(directory, 'store.db') })
  await store.open()
  const cluster = memoryCluster()
  const lines: Array<Record<string, unknown>> = []
  const historyListeners = new Set<(entry: HistoryEntry) => void>()
  const emit = (entry: HistoryEntry) => { for (const listener of historyListeners) listener(entry) }
  const metrics = createControllerMetrics({ version: '9.9.9' })
  const app = createControllerApi({
    clusters: new Map([['ovn', cluster]]),
    rescues: new Map(),
    snapshots: new Map(),
    schedules: new Map(),
    upgrades: new Map(),
    restores: new Map(),
    verifiers: new Map(),
    store,
    onHistory (listener) {
      historyListeners.add(listener)
      return () => { historyListeners.delete(listener) }
    },
    tokens: [],
    registry: metrics.registry,
    logger: pino({ level: 'info' }, { write: (line: string) => { lines.push(JSON.parse(line)) } }),
    tls: null,
    version: '9.9.9',
    ...over
  })
  t.after(async () => {
    await app.close()
    await store.close()
    await rm(directory, { recursive: true, force: true })
  })
  return {
    app,
    store,
    cluster,
    metrics,
    lines,
    emit,
    async append (entry: Omit<HistoryEntry, 'id'>) {
      const stored = { ...entry, id: store.nextEntryId() }
      await store.append(stored)
      emit(stored)
      return stored
    },
    get: async (url: string) => {
      const answer = await app.inject({ method: 'GET', url })
      return { status: answer.statusCode, body: answer.json() }
    },
    post: async (url: string, payload?: object, headers: Record<string, string> = {}) => {
      const answer = await app.inject({ method: 'POST', url, headers, ...(payload === undefined ? {} : { payload }) })
      return { status: answer.statusCode, body: answer.json() }
    }
  }
}
