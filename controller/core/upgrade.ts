// A planned restart of all servers: the backups one at a time, each only when every node serves or follows, whole; then the
// service moves, and the old active is the last. It stops, and says why, when the cluster is not whole for a reason that is not its own.
import type { ClusterView } from '../../protocol/api.ts'
import type { UpgradeView } from '../../protocol/upgrade.ts'
import { dataNodes, isRestarted, nextStep, notedBefore, processesNow, silent, stepsOf, unwhole, type Unwhole } from './upgrade-plan.ts'
import { NO_UPGRADE, type Asked, type Upgrade, type UpgradeAction, type UpgradeConfig, type Upgraded, type UpgradeEvent, type UpgradeState } from './upgrade-state.ts'

const LOOK_EVERY_MS = 1_000
/** A step that failed is tried again after this, so often at most. */
const RETRY_MS = 5_000
const FAILURES_MAX = 3

/** Pure: why it cannot begin now, or the restart as it begins. */
export function beginUpgrade (view: ClusterView, known: Upgrade | null, asked: Pick<Upgrade, 'by' | 'reason' | 'convert' | 'cutOver'>, at: string): Upgrade | string {
  if (known?.stage === 'running') return `the restart of ${known.id} by ${known.by} runs`
  const why = whyNot(view, null)
  if (why !== null) return why
  const before = processesNow(view)
  if (typeof before === 'string') return before
  return { id: at, ...asked, stage: 'running', why: null, before, home: view.active ?? '', term: view.term }
}

/** Why it may not begin, or go on after it was stopped; null when it may. */
export function whyNot (view: ClusterView, upgrade: Upgrade | null): string | null {
  if (view.paused !== null) return `the cluster is paused by ${view.paused.by}`
  if (dataNodes(view).length < 2) return 'there is no other node that could serve meanwhile'
  return unwhole(view, upgrade)?.why ?? null
}

/** Pure: notes the event, then takes the next step if `view` shows that it may be taken. */
export function stepUpgrade (config: UpgradeConfig, state: UpgradeState, event: UpgradeEvent, view: ClusterView, nowMs: number): Upgraded {
  const noted = chain(note(state, event, nowMs), next => [withUpgrade(next, upgrade => next.leading ? notedBefore(upgrade, view) : upgrade), []])
  // who was done before this controller led was told by the leader before
  const seen = chain(noted, next => event.type === 'led' ? [tellDone(next, view)[0], []] : tellDone(next, view))
  const [after, actions] = chain(seen, next => goOn(config, next, view, nowMs))
  const kept: readonly UpgradeAction[] = after.leading && after.upgrade !== (event.type === 'led' ? event.kept : state.upgrade) ? [{ type: 'keep', upgrade: after.upgrade }] : []
  const wake: readonly UpgradeAction[] = after.upgrade?.stage === 'running' ? [{ type: 'wakeAt', atMs: nowMs + LOOK_EVERY_MS }] : []
  return [after, [...actions, ...kept, ...wake]]
}

function withUpgrade (state: UpgradeState, change: (upgrade: Upgrade) => Upgrade): UpgradeState {
  const upgrade = state.upgrade === null ? null : change(state.upgrade)
  return upgrade === state.upgrade ? state : { ...state, upgrade }
}

function chain ([state, actions]: Upgraded, next: (state: UpgradeState) => Upgraded): Upgraded {
  const [after, more] = next(state)
  return [after, [...actions, ...more]]
}

function note (state: UpgradeState, event: UpgradeEvent, nowMs: number): Upgraded {
  const { upgrade } = state
  switch (event.type) {
    case 'woke': return [state, []]
    case 'leadLost': return [{ ...NO_UPGRADE, nextTag: state.nextTag }, []]
    case 'led': return [{ ...NO_UPGRADE, leading: true, upgrade: event.kept, nextTag: state.nextTag }, []]
    case 'begun': return [{ ...state, upgrade: event.upgrade, asked: null, unwholeSinceMs: null, graceSinceMs: null, failures: 0, notBeforeMs: 0, told: [] }, [
      record('upgradeBegan', 'warning', null, `${event.upgrade.by} began to restart all servers, one node after the other${event.upgrade.convert === null ? '' : `, and to convert the databases of ${Object.keys(event.upgrade.convert).join(' and ')}${event.upgrade.cutOver === null ? '' : ', in a cut-over: backups follow nobody until the active is converted, too'}`}${event.upgrade.reason === '' ? '' : `: ${event.upgrade.reason}`}`, event.upgrade)
    ]]
    case 'stopAsked': return upgrade?.stage === 'running' ? stop(state, upgrade, `${event.actor} stopped it${event.reason === '' ? '' : `: ${event.reason}`}`) : [state, []]
    case 'resumeAsked': {
      if (upgrade?.stage !== 'stopped') return [state, []]
      const resumed: Upgrade = { ...upgrade, stage: 'running', why: null, term: event.term }
      // what the nodes report says whether it was done; it may be asked for once more
      const after = state.asked?.givenUp === true ? undone(state, resumed, state.asked) : { ...state, upgrade: resumed }
      return [{ ...after, unwholeSinceMs: null, graceSinceMs: null, failures: 0, notBeforeMs: 0 }, [record('upgradeResumed', 'warning', null, `${event.actor} let the restart of all servers go on`, resumed)]]
    }
    case 'ended': return ended(state, event, nowMs)
    default:
      event satisfies never
      return [state, []]
  }
}

function ended (state: UpgradeState, { tag, error, operation }: Extract<UpgradeEvent, { type: 'ended' }>, nowMs: number): Upgraded {
  const { asked, upgrade } = state
  if (asked?.tag !== tag) return [state, []]
  const failure = error ?? (operation === null || operation.outcome === 'done' ? null : `it was ${operation.outcome}: ${operation.detail}`)
  // the report that shows it may come a little after the answer
  if (failure === null) {
    const after = { ...state, asked: null, failures: 0, notBeforeMs: nowMs + LOOK_EVERY_MS }
    if (asked.action !== 'convert' || upgrade === null) return [after, []]
    return [{ ...after, upgrade: { ...upgrade, cutOver: 'done' } }, [record('upgradeConverted', 'warning', asked.node, `${asked.node} serves with the new schema; its backups copy it anew`, upgrade)]]
  }
  const open = upgrade === null ? { ...state, asked: null } : undone(state, upgrade, asked)
  if (asked.givenUp) return [open, []] // it was told when it was stopped
  const failures = state.failures + 1
  const what = { restart: `the servers of ${asked.node} were not restarted`, switchover: `the service was not moved away from ${asked.node}`, convert: `the databases of ${asked.node} were not converted` }[asked.action]
  const after = { ...open, failures, notBeforeMs: nowMs + RETRY_MS }
  if (open.upgrade?.stage !== 'running' || failures < FAILURES_MAX) return [after, upgrade === null ? [] : [record('upgradeStepFailed', 'warning', asked.node, `${what}: ${failure}`, upgrade)]]
  return stop(after, open.upgrade, `${what}, ${failures} times: ${failure}`)
}

/** Nothing is asked for any more; of a node that may not have obeyed another process proves nothing. */
function undone (state: UpgradeState, upgrade: Upgrade, { action, node }: Asked): UpgradeState {
  return { ...state, asked: null, upgrade: action === 'restart' ? { ...upgrade, ordered: (upgrade.ordered ?? []).filter(name => name !== node) } : upgrade }
}

/** Each node once, when it is another process and follows or serves again. */
function tellDone (state: UpgradeState, view: ClusterView): Upgraded {
  const { upgrade } = state
  if (upgrade === null || upgrade.stage === 'done' || !state.leading) return [state, []]
  const back = dataNodes(view).filter(node => !state.told.includes(node.name) && isRestarted(upgrade, node) && (node.name === view.active || (node.ineligible === null && node.following === view.active)))
  if (back.length === 0) return [state, []]
  return [{ ...state, told: [...state.told, ...back.map(node => node.name)] }, back.map(({ name, servers }) =>
    record('upgradeNodeDone', 'info', name, `${name} is restarted and whole: ${servers.map(server => `${server.name} ${server.version ?? 'of unknown version'}`).join(', ')}`, upgrade))]
}

/** What keeps it from going on, now: an order to a node that has fallen silent may never be answered. */
function standsAgainst (view: ClusterView, upgrade: Upgrade, asked: Asked | null): Unwhole | null {
  return asked === null ? unwhole(view, upgrade) : silent(view, asked.node)
}

function goOn (config: UpgradeConfig, state: UpgradeState, view: ClusterView, nowMs: number): Upgraded {
  const { upgrade, asked, leading } = state
  if (!leading || upgrade?.stage !== 'running') return [state, []]
  if (view.paused !== null) return stop(state, upgrade, `${view.paused.by} paused the cluster`)
  const failover = view.recoveries.open.find(one => one.term > upgrade.term)
  if (failover !== undefined) return stop(state, upgrade, `${failover.failed} was failed over to ${failover.to} meanwhile (${failover.why})`)
  const reason = standsAgainst(view, upgrade, asked)
  if (reason !== null) {
    const unwholeSinceMs = state.unwholeSinceMs ?? nowMs
    const graceSinceMs = reason.expected ? null : state.graceSinceMs ?? nowMs
    const isLate = nowMs - unwholeSinceMs > config.catchUpMs || (graceSinceMs !== null && nowMs - graceSinceMs > config.graceMs)
    return isLate ? stop({ ...state, asked: asked === null ? null : { ...asked, givenUp: true } }, upgrade, reason.why) : [{ ...state, unwholeSinceMs, graceSinceMs }, []]
  }
  const whole = { ...state, unwholeSinceMs: null, graceSinceMs: null }
  if (asked !== null || nowMs < state.notBeforeMs) return [whole, []]
  const step = nextStep(view, upgrade)
  if (step === null) {
    const done: Upgrade = { ...upgrade, stage: 'done' }
    return [{ ...whole, upgrade: done }, [record('upgradeEnded', 'info', null, `${upgrade.cutOver === null ? 'all servers are restarted' : 'every database has the new schema'}; ${view.active ?? 'nobody'} serves${view.active === upgrade.home ? '' : `, and ${upgrade.home} did when it began`}`, done)]]
  }
  const next = { ...whole, asked: { tag: state.nextTag, action: step.action, node: step.node, givenUp: false }, nextTag: state.nextTag + 1 }
  if (step.action === 'convert') return [next, [record('upgradeConverts', 'warning', step.node, `${step.node} converts its databases while it serves: their clients lose their connections, and no backup can take over until it has copied`, upgrade), { type: 'convert', tag: state.nextTag, node: step.node }]]
  if (step.action === 'switchover') return [next, [{ type: 'switchover', tag: state.nextTag, reason: `restart of all servers: ${step.node} is the last` }]]
  return [{ ...next, upgrade: { ...upgrade, ordered: [...new Set([...upgrade.ordered ?? [], step.node])] } }, [
    record('upgradeRestarts', 'info', step.node, `${step.servers.map(one => one.name).join(' and ')} of ${step.node} ${step.servers.length === 1 ? 'is' : 'are'} restarted`, upgrade),
    { type: 'restart', tag: state.nextTag, node: step.node, servers: step.servers }
  ]]
}

function stop (state: UpgradeState, upgrade: Upgrade, why: string): Upgraded {
  const stopped: Upgrade = { ...upgrade, stage: 'stopped', why }
  return [{ ...state, upgrade: stopped, unwholeSinceMs: null, graceSinceMs: null }, [record('upgradeStopped', 'warning', null, `the restart of all servers is stopped where it is: ${why}. "ovsdb-ha upgrade resume" goes on`, stopped)]]
}

function record (kind: string, severity: 'info' | 'warning', node: string | null, message: string, { id }: Upgrade): UpgradeAction {
  return { type: 'record', kind, severity, node, message, facts: { upgrade: id } }
}

/** What is shown; also by a controller that only follows, which knows what was kept and not what is asked for. */
export function viewUpgrade (state: Pick<UpgradeState, 'upgrade' | 'asked'>, view: ClusterView): UpgradeView {
  const { upgrade } = state
  if (upgrade === null) return { upgrade: null }
  const asked = state.asked?.givenUp === true ? null : state.asked
  const { id, by, reason, stage, why } = upgrade
  const waitsFor = stage === 'running' ? standsAgainst(view, upgrade, asked)?.why ?? null : null
  const steps = stage === 'done' ? stepsOf(view, upgrade, null).map(step => ({ ...step, state: 'done' as const })) : stepsOf(view, upgrade, asked)
  return { upgrade: { id, by, reason, converts: Object.keys(upgrade.convert ?? {}), stage, why, waitsFor, steps: [...steps] } }
}
