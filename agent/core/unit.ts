// One cluster on one node. The idea: a node serves only while a majority of the voters grants it a lease, and everything
// that could let clients in (gate, guard, endpoint) hangs on that lease. Events come in one at a time; each is noted
// first, then the state is brought to where nothing more is due (watch.ts), so late and repeated events do no harm.
import type { ServerObservation } from '../server.ts'
import type { Step } from '../../protocol/order.ts'
import type { TermRequest } from '../../protocol/vote.ts'
import { firstList } from '../../protocol/voter-list.ts'
import type { DurableState, UnitAction } from './actions.ts'
import type { UnitEvent } from './events.ts'
import { abandonFollow, takeOrder } from './orders.ts'
import { metHolder } from './pair.ts'
import { restartEnded } from './restart.ts'
import { countReply } from './rounds.ts'
import { demoteServers, finishStop, handoverStageEnded, promotionStageEnded } from './serving.ts'
import { addSteps, answer, chain, setServer, type Stepped } from './stepped.ts'
import type { ServerState, UnitConfig, UnitState } from './state.ts'
import { acceptRelease, acceptTerm, grantLease, restartVoter, type VoterAnswer, type VoterRecord } from './voter.ts'
import { voterConfig } from './voter-config.ts'
import { nextDueMs, settle } from './watch.ts'

/** What the durable file held when the agent started. */
export type Restored = DurableState | { readonly problem: string }

export function bootUnit (config: UnitConfig, restored: Restored, nowMs: number): Stepped {
  const unseen: ServerState = { observation: null, observedFromMs: 0, busyOp: null, startAttempts: 0, startAtMs: null, startProblem: null }
  const state: UnitState = {
    voterSide: 'problem' in restored
      ? { type: 'refusing', problem: restored.problem }
      : { type: 'voting', voter: restartVoter(voterConfig(config), withList(config, restored.voter), nowMs) },
    ownRelease: 'problem' in restored ? { term: 0, served: true } : restored.ownRelease,
    marked: null,
    boots: {},
    met: {},
    phase: config.witness ? { type: 'witness' } : { type: 'starting', settled: [] },
    phaseSinceMs: nowMs,
    servers: Object.fromEntries(config.servers.map(name => [name, unseen])),
    endpoints: {},
    problems: [],
    waits: {},
    nextId: 1
  }
  return stepUnit(config, state, { type: 'woke' }, nowMs)
}

/** A voter that has stored no list begins with its file's; what it has stored counts from then on, whatever the file says (S11). */
function withList (config: UnitConfig, record: VoterRecord): VoterRecord {
  return record.voters.generation === 0 ? { ...record, voters: firstList(config.voters) } : record
}

/** Pure: does what the state demands at `nowMs` (this node's monotonic milliseconds), notes the event, and does what it demands then. */
export function stepUnit (config: UnitConfig, state: UnitState, event: UnitEvent, nowMs: number): Stepped {
  // time first: an agent that was frozen must not take an order, or an outcome, for a lease that ended meanwhile
  const timely = settle(config, state, nowMs)
  const noted = chain(timely, next => note(config, next, event, nowMs))
  return chain(chain(noted, next => settle(config, next, nowMs)), next => {
    const atMs = nextDueMs(next)
    return [next, atMs === null ? [] : [{ type: 'wakeAt', atMs }]]
  })
}

function note (config: UnitConfig, state: UnitState, event: UnitEvent, nowMs: number): Stepped {
  switch (event.type) {
    case 'woke': return [state, []]
    case 'termAsked':
      return chain(vote(state, voter => acceptTerm(voterConfig(config), voter, event.request, nowMs), cannotVote,
        reply => ({ type: 'answerTerm', requestId: event.requestId, reply })), next => letSourceGo(config, next, event.request))
    case 'leaseAsked': {
      const answered = vote(state, voter => grantLease(voterConfig(config), voter, event.request, nowMs), cannotVote,
        reply => ({ type: 'answerLease', requestId: event.requestId, reply: reply.ok ? { ok: true, boot: config.boot } : reply }))
      return chain(answered, next => [metHolder(config, next, event.request, nowMs), []])
    }
    case 'releaseTold':
      return vote(state, voter => acceptRelease(voter, event.request, nowMs), null,
        () => ({ type: 'answerRelease', requestId: event.requestId }))
    case 'leaseAnswered': return countReply(config, state, event.roundId, event.voter, event.reply, nowMs)
    case 'ordered': return takeOrder(config, state, event.orderId, event.order, nowMs)
    case 'observed': return [observe(state, event.server, event.startedAtMs, event.observation), []]
    case 'serverStarted': return [serverStarted(state, event), []]
    case 'finished': return finished(config, state, event.op, event.error, event.steps, nowMs)
    case 'endpointsSeen': return [{ ...state, endpoints: event.held }, []]
    case 'problemsSeen': return [{ ...state, problems: event.problems }, []]
    default:
      event satisfies never
      return [state, []]
  }
}

const cannotVote = { ok: false, refusal: 'cannotVote', term: 0, holder: null, remainingMs: 0, voters: null } as const

/** Stored before it is said (S1): the persist action stands before the answer. A voter whose record is lost says no to everything. */
function vote<Reply> (state: UnitState, decide: (voter: Extract<UnitState['voterSide'], { type: 'voting' }>['voter']) => VoterAnswer<Reply>, refusal: Reply, say: (reply: Reply) => UnitAction): Stepped {
  if (state.voterSide.type !== 'voting') return [state, [say(refusal)]]
  const { voter, reply, persist } = decide(state.voterSide.voter)
  const actions: UnitAction[] = persist ? [{ type: 'persist', durable: { voter: voter.record, ownRelease: state.ownRelease } }, say(reply)] : [say(reply)]
  return [{ ...state, voterSide: { type: 'voting', voter } }, actions]
}

/**
 * The node that these servers follow is to serve anew, and they would copy what it comes back with as soon as it listens:
 * whatever is here and not there goes first into a rescue, when they are told to follow (S7). Of a term that was taken
 * again for an active that serves on, nothing of this is true. A copy under way from its life before hangs for as long as
 * an inactivity probe of ovsdb-server takes when that life ended without a word.
 */
function letSourceGo (config: UnitConfig, state: UnitState, { term, holder, reason }: TermRequest): Stepped {
  const { phase, voterSide } = state
  // a node that cannot vote has no say, and is asked all the same: it can only take the others' word
  const mayBe = voterSide.type === 'refusing' || (voterSide.voter.record.term === term && voterSide.voter.record.holder === holder)
  if (!mayBe || reason === 'reasserted' || reason === 'voters' || phase.type !== 'backup' || !followsAnywhere(config, state, holder)) return [state, []]
  return chain(chain(abandonFollow(state, `${holder} is to serve again in term ${term}`), next => demoteServers(config, next)), next => [next, [{
    type: 'happened',
    kind: 'sourceReturns',
    message: `${config.node} lets go of ${holder}, which is to serve again in term ${term}, until it is told to follow it`,
    facts: { source: holder, term }
  }]])
}

function followsAnywhere (config: UnitConfig, state: UnitState, node: string): boolean {
  const { phase } = state
  if (phase.type === 'backup' && phase.follow?.source === node) return true
  const addresses = config.sources[node]
  return config.servers.some(name => addresses !== undefined && state.servers[name]?.observation?.source === addresses[name])
}

function observe (state: UnitState, name: string, startedAtMs: number, observation: ServerObservation): UnitState {
  const up = observation.health === 'up'
  return setServer(state, name, { observation, observedFromMs: startedAtMs, ...(up ? { startAttempts: 0, startProblem: null } : {}) })
}

function serverStarted (state: UnitState, event: Extract<UnitEvent, { type: 'serverStarted' }>): UnitState {
  const next = setServer(state, event.server, { busyOp: null, startAtMs: null, startProblem: null })
  return settledOnce(next, event.server)
}

function settledOnce (state: UnitState, name: string): UnitState {
  const { phase } = state
  if (phase.type !== 'starting' || phase.settled.includes(name)) return state
  return { ...state, phase: { ...phase, settled: [...phase.settled, name] } }
}

function finished (config: UnitConfig, state: UnitState, op: number, error: string | null, steps: readonly Step[], nowMs: number): Stepped {
  const { phase } = state
  const restarted = restartEnded(state, op, error, steps)
  if (restarted !== null) return restarted
  for (const [name, server] of Object.entries(state.servers)) {
    if (server.busyOp?.op === op) return [serverOpEnded(state, name, server, error), []]
  }
  const waiting = state.waits[op]
  if (waiting !== undefined) {
    const { [op]: _ended, ...waits } = state.waits
    return [{ ...state, waits }, answer(addSteps(waiting, steps), error)]
  }
  if (phase.type === 'backup' && phase.follow?.op === op) {
    return [{ ...state, phase: { type: 'backup', follow: null } }, answer(addSteps(phase.follow.asked, steps), error)]
  }
  if (phase.type === 'active' && phase.heartbeatOp === op) {
    return [{ ...state, phase: { ...phase, heartbeatOp: null } }, []]
  }
  if (!('op' in phase) || phase.op !== op) return [state, []]
  if (phase.type === 'promoting') return promotionStageEnded(config, state, phase, error, steps, nowMs)
  if (phase.type === 'handingOver') return handoverStageEnded(config, state, phase, error, steps, nowMs)
  // not certain yet: wait for the moment when the kernel has shut the ports by itself
  return error === null ? finishStop(config, state, phase, 'closed', nowMs) : [state, []]
}

/** After a demotion or a kill the last look is outdated: nothing is concluded from its role until the next one. */
function serverOpEnded (state: UnitState, name: string, server: ServerState, error: string | null): UnitState {
  const observation = server.observation === null ? null : { ...server.observation, role: 'unknown' as const }
  if (server.busyOp?.kind === 'start') {
    // `serverStarted` ended it when it succeeded
    return settledOnce(setServer(state, name, { busyOp: null, startAtMs: null, startProblem: error, observation: null }), name)
  }
  if (server.busyOp?.kind === 'kill') return setServer(state, name, { busyOp: null, observation: null, startProblem: error ?? 'it was killed because it hung' })
  return setServer(state, name, { busyOp: null, observation, observedFromMs: 0 })
}
