import type { AgentNode } from './agent-node.ts'
import type { ControllerNode } from './controller-node.ts'
import type { Observer } from './invariants.ts'
import type { World } from './world.ts'

const LOOK_AGAIN_MS = 1_000
/** An operator looks this long at a hold that waits for one, then forces. */
const PATIENCE_MS = 8_000

export interface Repair {
  readonly world: World
  readonly observer: Observer
  readonly agents: readonly AgentNode[]
  readonly leaseMs: number
  later (delayMs: number, run: () => void): void
}

/**
 * The way out of a damaged voter's file, as the guide tells it: a majority of the others is up and one of them serves; stop the
 * agent, wait twice the lease, move the file away, start.
 */
export function repairVoter (repair: Repair, agent: AgentNode): void {
  const { world, observer, agents, leaseMs, later } = repair
  const others = agents.filter(one => one !== agent)
  const up = others.filter(one => one.state()?.voterSide.type === 'voting')
  const serving = others.some(one => one.state()?.phase.type === 'active')
  if (!serving || up.length <= others.length / 2) return later(LOOK_AGAIN_MS, () => repairVoter(repair, agent))
  agent.crash()
  later(2 * leaseMs, () => {
    world.note(`the voter's file of ${agent.name} is moved away`)
    agent.crash() // somebody may have started it meanwhile: it neither voted nor served
    agent.disk.moveAway()
    observer.forgot(agent.name)
    agent.boot()
  })
}

/** Called again and again once all is healed: does what a hold asks an operator for. */
export function createOperator (world: World, agents: readonly AgentNode[], controller: ControllerNode | undefined): { look (): void } {
  let heldSinceMs: number | null = null
  let offSinceMs: number | null = null

  /** A device may have been asked before the end of all faults, and act after it. */
  function lookAtPower (): void {
    const off = agents.filter(agent => !agent.running())
    offSinceMs = off.length > 0 ? offSinceMs ?? world.now() : null
    if (offSinceMs !== null && world.now() - offSinceMs > PATIENCE_MS) for (const agent of off) agent.boot()
  }

  function lookAtHold (): void {
    const code = controller?.state()?.hold?.code
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
      lookAtHold()
    }
  }
}
