import { OvsdbHaError } from '../../protocol/errors.ts'

/** Who is at the other end of a link. */
export interface AgentPlace {
  readonly cluster: string
  readonly node: string
  readonly url: string
}

/** The agent could not be reached, or did not answer in time. Says nothing about whether the node still serves. */
export class AgentUnreachableError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_AGENT_UNREACHABLE'
  readonly httpStatus = 502
  readonly hint: string

  constructor ({ cluster, node, url }: AgentPlace, what: string, cause: unknown) {
    super(`The agent of ${node} (${cluster}, ${url}) ${what}: ${reasonOf(cause)}`, { cluster, node, cause })
    this.hint = `Check that the agent runs on ${node} and that ${url} can be reached from the controller (curl ${url}/healthz).`
  }
}

/** The agent answered, and the answer is not what an agent says. */
export class AgentAnswerError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_AGENT_ANSWER'
  readonly httpStatus = 502
  readonly hint: string

  constructor ({ cluster, node, url }: AgentPlace, what: string, cause?: unknown) {
    super(`The agent of ${node} (${cluster}, ${url}) ${what}`, { cluster, node, cause })
    this.hint = `Check that ${url} is an ovsdb-ha agent, that it is ${node}, and that its version is this controller's.`
  }
}

/** One line for people. A failed dial of several addresses has an empty message and its reasons inside. */
export function reasonOf (error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  const text = error.message === '' ? error.name : error.message
  return text.replaceAll(/\s*\n\s*/g, ' ')
}
