// What the leader asks of agents apart from their streams: each answer, or its absence, comes back as an event.
import type { Logger } from 'pino'
import type { ClusterAction } from './core/actions.ts'
import type { ClusterEvent } from './core/events.ts'
import type { AgentLink } from './link/agent-link.ts'

type ActionOf<Type extends ClusterAction['type']> = Extract<ClusterAction, { type: Type }>

export interface AgentCallsOptions {
  readonly links: readonly AgentLink[]
  readonly commandTimeoutMs: number
  readonly log: Logger
  readonly push: (event: ClusterEvent) => void
}

export interface AgentCalls {
  askTerm (action: ActionOf<'askTerm'>): void
  order (action: ActionOf<'order'>): void
  look (nodes: readonly string[]): void
}

export function createAgentCalls ({ links, commandTimeoutMs, log, push }: AgentCallsOptions): AgentCalls {
  return {
    askTerm ({ operation, voters, request }) {
      for (const link of links.filter(one => voters.includes(one.node))) {
        link.term(request, commandTimeoutMs).then(
          reply => push({ type: 'termAnswered', operation, term: request.term, voter: link.node, reply }),
          (error: unknown) => log.warn({ node: link.node, err: error }, 'a voter did not answer')
        )
      }
    },
    order ({ tag, node, order }) {
      const link = links.find(one => one.node === node)
      if (link === undefined) return push({ type: 'orderEnded', tag, reply: null, error: `${node} is not a node of this cluster` })
      link.order(order).then(
        reply => push({ type: 'orderEnded', tag, reply, error: null }),
        (error: unknown) => push({ type: 'orderEnded', tag, reply: null, error: error instanceof Error ? error.message : String(error) })
      )
    },
    look (nodes) {
      for (const link of links.filter(one => nodes.includes(one.node))) {
        link.look(commandTimeoutMs).then(
          report => push({ type: 'looked', report }),
          (error: unknown) => log.debug({ node: link.node, err: error }, 'no answer to a second look')
        )
      }
    }
  }
}
