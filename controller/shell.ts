// The one loop of a cluster's leader: events in, one at a time, through the pure step; actions out. What happened is
// written once, here: a history entry, a log line and a metric from the same facts.
import type { Logger } from 'pino'
import type { ClusterView, HistoryEntry, Leader, OperationView } from '../protocol/api.ts'
import type { Explanation } from '../protocol/explain.ts'
import { dataMembers } from '../protocol/cluster.ts'
import type { Happening, Report } from '../protocol/report.ts'
import { createAgentAsks } from './agent-asks.ts'
import { monotonicMs, wallClock, wallOf } from './clock.ts'
import type { ClusterService } from './cluster-service.ts'
import { OvsdbHaError } from '../protocol/errors.ts'
import { CommandRefusedError, ControllerNotReadyError, FenceFailedError } from './command-errors.ts'
import type { ClusterAction } from './core/actions.ts'
import { stepCluster } from './core/cluster.ts'
import { explain } from './core/explain.ts'
import { diagnosisOf } from './core/diagnoses.ts'
import type { ClusterEvent } from './core/events.ts'
import { troubledRuns } from './core/schedule-kept.ts'
import { bootCluster, type ClusterState, type CoreConfig } from './core/state.ts'
import { viewCluster, viewOperation } from './core/view.ts'
import type { FairShare } from './fair-share.ts'
import { createDiagnosisTeller } from './diagnosis-teller.ts'
import { createFences } from './fences.ts'
import { createIntentKeeper } from './intent-keeper.ts'
import { createJournal } from './journal.ts'
import { fromStore, preferencesFrom, toStore } from './kept.ts'
import { createLeadership, LEADERSHIP_TIMING, type LeadershipTiming } from './leadership.ts'
import type { AgentLink } from './link/agent-link.ts'
import type { FenceDevice } from './link/fence-device.ts'
import type { ControllerMetrics } from './metrics.ts'
import { createOpenCommands, type OnStarted } from './open-commands.ts'
import { createRecorder } from './recorder.ts'
import { watchForStalls } from './stall-watch.ts'
import { createOperatorCommands } from './operator-commands.ts'
import { createOperatorIntent } from './operator-intent.ts'
import { createPreviews } from './previews.ts'
import type { PlanHost, ScheduleHost, UpgradeHost } from './schedule-host.ts'
import { severityOf } from './severity.ts'
import type { Store } from './store/store.ts'
import type { Turns } from './turns.ts'
import { createUpkeepMemory } from './upkeep-memory.ts'

const EVENTS_MAX = 5_000
const HISTORY_READ = 500

export interface ClusterShellOptions {
  readonly config: CoreConfig
  readonly links: readonly AgentLink[]
  /** node -> what powers it off and on. */
  readonly fenceDevices: ReadonlyMap<string, FenceDevice>
  readonly store: Store
  readonly share: FairShare
  /** Where another controller's API answers; null when the configuration does not say. */
  readonly urlOf: (controller: string) => string | null
  readonly turns: Turns
  readonly leadership?: LeadershipTiming
  readonly metrics: ControllerMetrics
  readonly logger: Logger
  readonly onHistory: (entry: HistoryEntry) => void
}

export interface ClusterShell extends ClusterService, ScheduleHost, PlanHost, UpgradeHost {
  start (): Promise<void>
  /** Gives leadership back; the cluster goes on serving. */
  stop (): Promise<void>
  /** Resolves when the loop that decides took another event; rejects when it cannot. */
  beat (): Promise<void>
}

export function createClusterShell (options: ClusterShellOptions): ClusterShell {
  const { links, store, metrics, turns } = options
  const config: CoreConfig = { ...options.config, turns: true }
  const { name } = config.cluster
  const log = options.logger.child({ cluster: name })
  const queue: ClusterEvent[] = []
  const commands = createOpenCommands()
  const followers = new Set<(view: ClusterView) => void>()
  let stopWatching = (): void => {}
  const agents = createAgentAsks({ links, commandTimeoutMs: config.cluster.timing.commandTimeoutMs, push: event => push(event), log })
  const fences = createFences({ devices: options.fenceDevices, onSeen: (node, problem) => push({ type: 'fenceDeviceSeen', node, problem }) })
  let state: ClusterState = bootCluster(config, monotonicMs())
  let draining = false
  let storeFails = false
  let stopped = false
  let lastSaid = ''
  /** What the leader before wrote, as far back as it matters. */
  let toldBefore: readonly HistoryEntry[] = []
  /** Why the operation that runs was begun: its end is told with it. */
  let begun: Explanation | null = null
  let wake: { timer: NodeJS.Timeout, atMs: number } | null = null

  function push (event: ClusterEvent): void {
    if (stopped) return
    if (queue.length >= EVENTS_MAX) {
      log.error({ type: event.type }, 'event dropped: the queue is full')
      return
    }
    queue.push(event)
    drain()
  }

  function drain (): void {
    if (draining) return
    draining = true
    try {
      while (queue.length > 0) {
        leadership.lapse()
        const next = queue.shift()
        if (next !== undefined) take(next)
      }
    } finally {
      draining = false
    }
  }

  function take (event: ClusterEvent): void {
    const [next, actions] = stepCluster(config, state, event, monotonicMs())
    state = next
    for (const action of actions) perform(action)
    teller.look(state, monotonicMs())
    sayView()
  }

  function perform (action: ClusterAction): void {
    switch (action.type) {
      case 'askTerm': return agents.askTerm(action)
      case 'order': return agents.order(action)
      case 'remember':
        store.setMemory(name, action.memory).catch((error: unknown) => storeFailed('setMemory', error))
        return
      case 'keep': return intents.keep(toStore(action.kept))
      case 'turn': return action.want ? turns.ask(name, turn => push({ type: 'turnGiven', turn })) : turns.giveBack(name)
      case 'record': return recorder.concluded(action.kind, action.severity, action.node, action.message, action.facts, action.kind === 'holdBegan' ? { explanation: explainNow() } : {})
      case 'operationBegan': {
        const view = viewOperation(action.operation, null, wallOf)
        recorder.concluded('operationBegan', 'warning', action.operation.to, `${view.kind} to ${view.to ?? '?'} began: ${view.trigger}`, { operation: view.id, kind: view.kind, to: view.to }, { explanation: begun = explainNow() })
        commands.started(action.operation.commandId, view)
        return
      }
      case 'operationEnded': {
        const { operation, outcome, detail } = action.ended
        const view = viewOperation(operation, action.ended, wallOf)
        metrics.operationEnded(name, view)
        recorder.concluded('operationEnded', outcome === 'done' ? 'info' : outcome === 'undone' ? 'warning' : 'critical', operation.to, `${view.kind} to ${operation.to} ${outcome} in ${view.durationMs?.toFixed(1) ?? '?'} ms: ${detail}`,
          { operation: view.id, kind: view.kind, outcome, from: operation.from, to: operation.to, term: operation.term, durationMs: view.durationMs }, { operation: view, ...(begun === null ? {} : { explanation: begun }) })
        begun = null
        if (operation.commandId !== null) commands.settle(operation.commandId)?.resolve(view)
        return
      }
      case 'refuseCommand': return commands.settle(action.commandId)?.reject(new CommandRefusedError(name, action.refusal, otherLeader()))
      case 'fence': return power(action)
      case 'commandDone': return commands.settle(action.commandId)?.resolve(null)
      case 'look': return agents.look(action)
      case 'wakeAt': return wakeAt(action.atMs)
      default: action satisfies never
    }
  }

  function power ({ tag, node, action, by, commandId }: Extract<ClusterAction, { type: 'fence' }>): void {
    fences.power(node, action).then(({ ok, detail }) => {
      metrics.fenced(name, node, action, ok)
      push({ type: 'fenceEnded', tag, node, action, by, commandId, ok, detail })
      if (commandId === null) return
      if (ok) commands.settle(commandId)?.resolve(null)
      else commands.settle(commandId)?.reject(new FenceFailedError(name, node, action, detail))
    }).catch((error: unknown) => log.error({ node, action, err: error }, 'a fence device failed in a way that is not its own'))
  }

  function storeFailed (call: string, error: unknown): void {
    metrics.storeFailed(call)
    log.error({ call, err: error }, 'the store failed; the cluster goes on serving')
  }

  /** Once when it begins to fail, and once when that is over: it is asked every second. */
  function storeAsked (error: unknown): void {
    if (error !== null) metrics.storeFailed('lead')
    if ((error !== null) === storeFails) return
    storeFails = error !== null
    if (error === null) return recorder.own('storeAnswers', 'info', null, `the store answers ${config.controller} again`, {})
    const hint = error instanceof OvsdbHaError ? ` ${error.hint}` : ''
    recorder.own('storeFails', 'warning', null, `${config.controller} cannot ask the store: ${words(error)}. The cluster goes on serving.${hint}`, {})
  }

  function wakeAt (atMs: number): void {
    if (stopped || (wake !== null && wake.atMs <= atMs)) return
    if (wake !== null) clearTimeout(wake.timer)
    const timer = setTimeout(() => {
      wake = null
      push({ type: 'woke' })
    }, Math.max(1, Math.ceil(atMs - monotonicMs())))
    wake = { timer, atMs }
  }

  function view (): ClusterView {
    return {
      ...viewCluster(config, state, monotonicMs(), wallOf),
      controller: { name: config.controller, leads: state.leading, leader: otherLeader() },
      schedules: [...troubledRuns(intents.kept().schedules ?? null)],
      planned: [...intents.wanted().planned]
    }
  }

  function otherLeader (): Leader | null {
    const leader = leadership.leader()
    return leader === null || leader === config.controller ? null : { name: leader, url: options.urlOf(leader) }
  }

  function explainNow (): Explanation {
    return explain(config, state, monotonicMs(), wallOf)
  }

  /** Followers hear of changes, not of time passing. */
  function sayView (): void {
    const current = view()
    const said = JSON.stringify(current, (key, value: unknown) => key === 'lastReportAgoMs' || key === 'leaseRemainingMs' || key === 'at' || key === 'lockedOutUntil' || key === 'freeAt' ? undefined : value)
    if (said === lastSaid) return
    lastSaid = said
    metrics.viewChanged(current)
    for (const follower of followers) follower(current)
  }

  function happened (happening: Happening): void {
    const severity = severityOf(happening)
    // what is a diagnosis is told as one, from the report that comes with it
    const diagnosed = happening.kind.startsWith('problem') && diagnosisOf(String(happening.facts.code)) !== null
    if (!diagnosed) recorder.heard(happening, severity)
    metrics.happened(happening)
    push({ type: 'happened', happening })
  }

  const teller = createDiagnosisTeller({ config, wallOf, record: (...told) => recorder.concluded(...told) })

  const intents = createIntentKeeper({
    cluster: name,
    store,
    onChange ({ paused, preferences }) {
      // what is planned is in the view, and no decision of the core
      push({ type: 'pauseSet', paused })
      push({ type: 'preferencesSet', preferences: preferencesFrom(preferences) })
    },
    onRestored: ({ paused }) => recorder.own('storeForgot', 'warning', null, `the store had forgotten that the cluster is ${paused === null ? 'not paused' : `paused by ${paused.by}`}, and was told again`, { paused: paused !== null }),
    onFailed: error => storeFailed('setIntent', error)
  })

  const journal = createJournal({
    store,
    onStored: options.onHistory,
    onDropped: ({ kind, message }) => log.error({ kind, dropped: message }, 'a history entry was dropped: the store does not take them'),
    onFailed: error => storeFailed('append', error)
  })

  const recorder = createRecorder({ cluster: name, log, journal })

  const leadership = createLeadership({
    cluster: name,
    controller: config.controller,
    store,
    timing: options.leadership ?? LEADERSHIP_TIMING,
    share: options.share,
    prepare: async () => {
      await intents.refresh(false)
      toldBefore = await store.history({ cluster: name, limit: HISTORY_READ }).catch((error: unknown) => {
        storeFailed('history', error) // who cannot read what was told can lead
        return []
      })
      const { paused, preferences } = intents.wanted()
      push({ type: 'restored', memory: await store.memory(name), paused, preferences: preferencesFrom(preferences), kept: fromStore(intents.kept()) })
    },
    refresh: () => intents.refresh(state.leading),
    onGained () {
      recorder.gained()
      teller.resume(toldBefore, monotonicMs(), wallClock())
      metrics.leadership(name, true)
      recorder.own('leadershipGained', 'info', null, `${config.controller} leads the cluster`, { controller: config.controller })
      push({ type: 'leadership', leading: true })
    },
    onLost (why) {
      metrics.leadership(name, false)
      recorder.lost()
      recorder.own('leadershipLost', stopped ? 'info' : 'warning', null, `${config.controller} leads the cluster no more: ${why}`, { controller: config.controller })
      // before whatever waits: nothing more is decided
      queue.unshift({ type: 'leadership', leading: false })
      drain()
      commands.rejectAll(new ControllerNotReadyError(name, `${config.controller} lost its leadership before this ended: ${why}`))
    },
    onForgotten () {
      recorder.own('storeForgot', 'warning', null, `the store had forgotten that ${config.controller} leads the cluster, and was told again`, { controller: config.controller })
      journal.writeAgain()
    },
    onFollowing () {
      recorder.following()
      sayView()
    },
    onRound: storeAsked
  })

  function ask (make: (commandId: number) => ClusterEvent, onStarted?: OnStarted): Promise<OperationView | null> {
    if (stopped) return Promise.reject(new ControllerNotReadyError(name, 'this controller is stopping'))
    return commands.begin(commandId => push(make(commandId)), onStarted)
  }

  function leads (): boolean {
    leadership.lapse()
    return state.leading
  }

  const commandsOf = createOperatorCommands(ask)
  const wishes = createOperatorIntent({
    cluster: name,
    dataNodes: dataMembers(config.cluster).map(member => member.name),
    intents,
    leads,
    otherLeader,
    tell: recorder.own
  })

  async function start (): Promise<void> {
    await leadership.start()
    stopWatching = watchForStalls({
      onLook: () => teller.look(state, monotonicMs()),
      onStall (lateMs) {
        recorder.own('controllerStalled', 'warning', null, `this controller did not run for ${lateMs} ms and observes afresh before it suspects anybody`, { lateMs })
        push({ type: 'stalled' })
      }
    })
    fences.start()
    for (const link of links) {
      link.start({
        onReport: (report: Report) => {
          metrics.reportReceived(name, link.node, wallClock().getTime() / 1_000)
          push({ type: 'reported', report })
        },
        onHappening: happened,
        onLost: why => push({ type: 'lost', node: link.node, why })
      })
    }
  }

  async function stop (): Promise<void> {
    stopped = true
    stopWatching()
    if (wake !== null) clearTimeout(wake.timer)
    commands.rejectAll(new ControllerNotReadyError(name, 'this controller is stopping'))
    fences.stop()
    turns.giveBack(name)
    await Promise.all(links.map(link => link.stop()))
    try {
      await leadership.stop()
    } catch (error) {
      storeFailed('resign', error)
    }
    recorder.end()
    await journal.stop()
  }

  return {
    name,
    start,
    stop,
    beat: async () => push({ type: 'woke' }),
    view,
    explain: explainNow,
    follow: onChange => {
      followers.add(onChange)
      return () => { followers.delete(onChange) }
    },
    ...commandsOf,
    ...wishes,
    planned: () => intents.wanted().planned,
    ...createPreviews({ config, state: () => state, otherLeader }),
    async runPlanned (plan) {
      await wishes.markPlanned(plan.id, wallClock().toISOString())
      return await commandsOf.switchover({ ...(plan.to === null ? {} : { to: plan.to }), reason: plan.reason }, `${plan.by} (planned for ${plan.at})`)
    },
    tell: recorder.own,
    compared: found => push({ type: 'compared', found }),
    leads,
    ...createUpkeepMemory(intents, sayView)
  }
}

function words (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
