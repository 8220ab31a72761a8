// The shell of one cluster's planned restart: what happens and what operators ask go in, one at a time, through the pure
// step; actions come out.
import type { Logger } from 'pino'
import type { ClusterConfig } from '../protocol/cluster.ts'
import type { OperationView } from '../protocol/api.ts'
import { schemaDigest } from '../protocol/database-schema.ts'
import { invariant } from '../protocol/invariant.ts'
import { monotonicMs } from './clock.ts'
import type { ClusterService } from './cluster-service.ts'
import { stepUpgrade } from './core/upgrade.ts'
import { NO_UPGRADE, type Upgrade, type UpgradeAction, type UpgradeConfig, type UpgradeEvent, type UpgradeState } from './core/upgrade-state.ts'
import { createEventQueue } from './event-queue.ts'
import type { MaintenanceLink } from './link/agent-link.ts'
import type { ControllerMetrics } from './metrics.ts'
import type { ScheduleHost, UpgradeHost } from './schedule-host.ts'
import { UpgradeRefusedError } from './upgrade-errors.ts'

export interface UpgraderOptions {
  readonly cluster: ClusterConfig
  readonly host: Pick<ScheduleHost, 'name' | 'view' | 'follow' | 'tell'> & UpgradeHost & Pick<ClusterService, 'switchover'>
  /** One per data node. */
  readonly links: readonly MaintenanceLink[]
  readonly metrics: Pick<ControllerMetrics, 'upgradeSeen'>
  readonly logger: Logger
}

export interface Upgrader {
  state (): UpgradeState
  push (event: UpgradeEvent): void
  /** Looks at the cluster, and who leads it, now. */
  look (): void
  start (): void
  /** What runs is not waited for; the next leader goes on. */
  stop (): void
}

/** A large server reads its file for a minute or two before it answers. */
const RESTART_DEADLINE_MS = 180_000
const VERSIONS_DEADLINE_MS = 10_000
const GRACE_MS = 15_000
const EVENTS_MAX = 1_000

export function createUpgrader ({ cluster, host, links, metrics, logger }: UpgraderOptions): Upgrader {
  const config: UpgradeConfig = { cluster: cluster.name, catchUpMs: RESTART_DEADLINE_MS + cluster.timing.resyncDeadlineMs, graceMs: GRACE_MS }
  const log = logger.child({ cluster: cluster.name })
  let state = NO_UPGRADE
  let stopped = false
  let unfollow = (): void => {}
  let wake: NodeJS.Timeout | undefined
  const push = createEventQueue<UpgradeEvent>(EVENTS_MAX, event => { if (!stopped) take(event) }, event => log.error({ type: event.type }, 'event of a planned restart dropped: the queue is full'))

  function take (event: UpgradeEvent): void {
    const [next, actions] = stepUpgrade(config, state, event, host.view(), monotonicMs())
    state = next
    for (const action of actions) perform(action)
    metrics.upgradeSeen(cluster.name, state.upgrade?.stage ?? null)
  }

  function perform (action: UpgradeAction): void {
    switch (action.type) {
      case 'record': return host.tell(action.kind, action.severity, action.node, action.message, action.facts)
      case 'keep': return host.keepUpgrade(action.upgrade)
      case 'restart': return run(action.tag, restartNode(host, links, action, state.upgrade?.convert ?? {}))
      case 'convert': return run(action.tag, convertActive(host, links, action.node, state.upgrade))
      case 'switchover': return run(action.tag, moveAway(host, links, action.reason, state.upgrade))
      case 'wakeAt':
        clearTimeout(wake)
        wake = setTimeout(() => push({ type: 'woke' }), Math.max(1, Math.ceil(action.atMs - monotonicMs())))
        return
      default: action satisfies never
    }
  }

  function run (tag: number, work: Promise<OperationView | null>): void {
    work.then(
      operation => push({ type: 'ended', tag, error: null, operation }),
      (error: unknown) => push({ type: 'ended', tag, error: error instanceof Error ? error.message : String(error), operation: null })
    )
  }

  function look (): void {
    const { leads } = host.view().controller
    if (leads === state.leading) return push({ type: 'woke' })
    push(leads ? { type: 'led', kept: host.keptUpgrade() } : { type: 'leadLost' })
  }

  return {
    state: () => state,
    push,
    look,
    start () {
      unfollow = host.follow(look)
      look()
    },
    stop () {
      stopped = true
      unfollow()
      clearTimeout(wake)
    }
  }
}

async function restartNode (host: UpgraderOptions['host'], links: readonly MaintenanceLink[], { node, servers }: Extract<UpgradeAction, { type: 'restart' }>, convert: Readonly<Record<string, string>>): Promise<null> {
  const link = links.find(one => one.node === node)
  invariant(link !== undefined, 'every data node has a link')
  const { term, controller } = host.view()
  const named = servers.map(({ name, pid }) => ({ name, pid, ...(convert[name] === undefined ? {} : { convertTo: convert[name] }) }))
  const { ok, reason } = await link.order({ type: 'restart', term, controller: controller.name, deadlineMs: RESTART_DEADLINE_MS, servers: named })
  if (!ok) throw new UpgradeRefusedError(host.name, reason ?? `${node} did not restart its servers`)
  return null
}

async function convertActive (host: UpgraderOptions['host'], links: readonly MaintenanceLink[], node: string, upgrade: Upgrade | null): Promise<null> {
  const link = links.find(one => one.node === node)
  invariant(link !== undefined, 'every data node has a link')
  const convert = upgrade?.convert ?? {}
  await mustHaveConverted(host, links.filter(one => one !== link), convert)
  const { term, controller } = host.view()
  const { ok, reason } = await link.order({ type: 'convert', term, controller: controller.name, deadlineMs: RESTART_DEADLINE_MS, servers: Object.entries(convert).map(([name, convertTo]) => ({ name, convertTo })) })
  if (!ok) throw new UpgradeRefusedError(host.name, reason ?? `${node} did not convert its databases`)
  return null
}

async function moveAway (host: UpgraderOptions['host'], links: readonly MaintenanceLink[], reason: string, upgrade: Upgrade | null): Promise<OperationView> {
  const { active } = host.view()
  await mustHaveConverted(host, links.filter(one => one.node !== active), upgrade?.convert ?? {})
  return await host.switchover({ reason }, upgrade?.by ?? 'a planned restart')
}

/** One that came back by itself meanwhile has the schema of before, and could not follow. */
async function mustHaveConverted (host: UpgraderOptions['host'], links: readonly MaintenanceLink[], convert: Readonly<Record<string, string>>): Promise<void> {
  for (const link of Object.keys(convert).length === 0 ? [] : links) {
    const { servers } = await link.versions(VERSIONS_DEADLINE_MS)
    const left = servers.find(({ server, databases }) => convert[server] !== undefined && databases.some(({ file, schema }) => file !== null && schemaDigest(schema) !== convert[server]))
    if (left !== undefined) throw new UpgradeRefusedError(host.name, `${left.server} of ${link.node} has the schema of before: it was restarted by somebody else meanwhile`, 'Stop this one, and order the conversion again.')
  }
}
