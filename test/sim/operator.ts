import { leaseOf } from '../../agent/core/state.ts'
import type { AgentNode } from './agent-node.ts'
import type { ControllerNode } from './controller-node.ts'
import type { Observer } from './invariants.ts'
import type { World } from './world.ts'

const LOOK_AGAIN_MS = 1_000
/** An operator looks this long at a hold that waits for one, then forces. */
const PATIENCE_MS = 8_000
/** So many looks in a row at a cluster without a majority. */
const VOTELESS_LOOKS = 30

export interface Repair {
  readonly world: World
  readonly observer: Observer
  readonly agents: readonly AgentNode[]
  readonly leaseMs: number
  later (delayMs: number, run: () => void): void
}

/**
 * The way out of a damaged voter's file, as the guide tells it: the others are a majority without this one; stop the agent,
 * wait twice the lease, see that one of them still serves, which it can no longer do by this voter's grant; move the file
 * away, start.
 */
export function repairVoter (repair: Repair, agent: AgentNode): void {
  const { world, observer, agents, leaseMs, later } = repair
  if (!agent.disk.torn()) return
  if (!othersServe(agents, agent)) return later(LOOK_AGAIN_MS, () => repairVoter(repair, agent))
  agent.crash()
  later(2 * leaseMs, () => {
    if (!agent.disk.torn()) return agent.boot()
    if (!othersServe(agents, agent)) {
      agent.boot()
      return later(LOOK_AGAIN_MS, () => repairVoter(repair, agent))
    }
    world.note(`the voter's file of ${agent.name} is moved away`)
    agent.crash() // somebody may have started it meanwhile: it neither voted nor served
    agent.disk.moveAway()
    observer.forgot(agent.name)
    agent.boot()
  })
}

function othersServe (agents: readonly AgentNode[], agent: AgentNode): boolean {
  const others = agents.filter(one => one !== agent)
  const listOf = (one: AgentNode): readonly string[] | null => {
    const side = one.state()?.voterSide
    return side?.type === 'voting' ? side.voter.record.voters.names : null
  }
  const serving = others.find(one => one.state()?.phase.type === 'active')
  const list = serving === undefined ? null : listOf(serving)
  return list !== null && 2 * others.filter(one => list.includes(one.name) && listOf(one) !== null).length > list.length
}

/**
 * The way out when too few voters are left for that, as docs/runbooks/quorum-lost.md tells it: every node of the cluster
 * reports, so none of them is cut off and serves, and no majority of the voters can vote.
 */
export function forceQuorum (world: World, agents: readonly AgentNode[], controllers: readonly ControllerNode[]): boolean {
  const controller = controllers.find(one => one.running() && one.state()?.leading === true)
  const state = controller?.state() ?? null
  const names = agents.map(agent => agent.name)
  const allReport = names.every(name => state?.agents[name]?.lostSinceMs === null)
  if (controller === undefined || state?.hold?.code !== 'noMajority' || !allReport || !agents.some(agent => agent.disk.torn())) return false
  world.note(`the operator forces a quorum: ${agents.filter(agent => agent.disk.torn()).map(agent => agent.name).join(' ')} cannot vote`)
  controller.push({ type: 'quorumForceAsked', commandId: 4, names, actor: 'operator', reason: 'their files are damaged' })
  return true
}

/** Without the other one of two voters (S9). */
export function servesAlone (agent: AgentNode): boolean {
  const phase = agent.state()?.phase
  return phase?.type === 'active' && leaseOf(phase)?.without !== null
}

/** Called again and again once all is healed: does what a hold asks an operator for. */
export function createOperator (world: World, agents: readonly AgentNode[], controller: ControllerNode | undefined): { look (): void } {
  let heldSinceMs: number | null = null
  let offSinceMs: number | null = null
  let aloneSinceMs: number | null = null
  let voteless = 0

  /** A device may have been asked before the end of all faults, and act after it. */
  function lookAtPower (): void {
    const off = agents.filter(agent => !agent.running())
    offSinceMs = off.length > 0 ? offSinceMs ?? world.now() : null
    if (offSinceMs !== null && world.now() - offSinceMs > PATIENCE_MS) for (const agent of off) agent.boot()
  }

  /** Of two voters one is damaged, and the other one serves without it: it has to cease before a quorum can be forced (docs/runbooks/cannot-vote.md). */
  function lookAtPair (): void {
    const alone = agents.find(servesAlone)
    const damaged = alone !== undefined && agents.some(agent => agent.disk.torn())
    aloneSinceMs = damaged ? aloneSinceMs ?? world.now() : null
    if (aloneSinceMs === null || alone === undefined || world.now() - aloneSinceMs <= PATIENCE_MS) return
    world.note(`the operator starts the agent of ${alone.name} anew: it serves alone, and the other one cannot vote`)
    alone.crash()
    alone.boot()
  }

  function lookAtHold (): void {
    const code = controller?.state()?.hold?.code
    voteless = code === 'noMajority' ? voteless + 1 : 0
    if (voteless > VOTELESS_LOOKS && controller !== undefined && forceQuorum(world, agents, [controller])) voteless = 0
    heldSinceMs = code === 'noCandidate' || code === 'diverging' || code === 'budgetSpent' ? heldSinceMs ?? world.now() : null
    if (heldSinceMs === null || world.now() - heldSinceMs <= PATIENCE_MS) return
    const spent = code === 'budgetSpent'
    world.note(`the operator ${spent ? 'acknowledges' : 'forces a failover'}`)
    controller?.push(spent
      ? { type: 'acknowledgeAsked', commandId: 2, term: null, actor: 'operator', reason: '' }
      : { type: 'failoverAsked', commandId: 2, to: null, force: true, actor: 'operator', reason: '' })
    heldSinceMs = null
  }

  return {
    look () {
      lookAtPower()
      lookAtPair()
      lookAtHold()
    }
  }
}
