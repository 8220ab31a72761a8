import type { Logger } from 'pino'
import type { ClusterAction } from './core/actions.ts'
import type { ClusterEvent } from './core/events.ts'
import type { AgentLink } from './link/agent-link.ts'

export interface AgentAsksOptions {
  readonly links: readonly AgentLink[]
  readonly commandTimeoutMs: number
  readonly push: (event: ClusterEvent) => void
  readonly log: Logger
}

type Of<Type extends ClusterAction['type']> = Extract<ClusterAction, { type: Type }>

/** What the core asks of agents: each call returns at once, and what comes of it is pushed as an event. */
export function createAgentAsks ({ links, commandTimeoutMs, push, log }: AgentAsksOptions) {
  return {
    askTerm ({ operation, voters, request }: Of<'askTerm'>): void {
      for (const link of links.filter(one => voters.includes(one.node))) {
        link.term(request, commandTimeoutMs).then(
          reply => push({ type: 'termAnswered', operation, term: request.term, voter: link.node, reply }),
          (error: unknown) => log.warn({ node: link.node, err: error }, 'a voter did not answer')
        )
      }
    },

    order ({ tag, node, order }: Of<'order'>): void {
      const link = links.find(one => one.node === node)
      if (link === undefined) return push({ type: 'orderEnded', tag, reply: null, error: `${node} is not a node of this cluster` })
      link.order(order).then(
        reply => push({ type: 'orderEnded', tag, reply, error: null }),
        (error: unknown) => push({ type: 'orderEnded', tag, reply: null, error: error instanceof Error ? error.message : String(error) })
      )
    },

    look ({ nodes }: Of<'look'>): void {
      for (const link of links.filter(one => nodes.includes(one.node))) {
        link.look(commandTimeoutMs).then(
          report => push({ type: 'looked', report }),
          (error: unknown) => log.debug({ node: link.node, err: error }, 'no answer to a second look')
        )
      }
    }
  }
}
