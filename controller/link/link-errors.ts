import { connectionWords } from '../../protocol/connection-words.ts'
import { OvsdbHaError } from '../../protocol/errors.ts'

/** Who is at the other end of a link. */
export interface AgentPlace {
  readonly cluster: string
  readonly node: string
  readonly url: string
  /** A dial is given up after so long. */
  readonly dialTimeoutMs: number
}

/** The agent could not be reached, or did not answer in time. Says nothing about whether the node still serves. */
export class AgentUnreachableError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_AGENT_UNREACHABLE'
  readonly httpStatus = 502
  readonly hint: string

  constructor (place: AgentPlace, what: string, cause: unknown) {
    const { cluster, node, url } = place
    super(`The agent of ${node} (${cluster}, ${url}) ${what}: ${whyUnreachable(place, cause)}`, { cluster, node, cause })
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

/** What an operator reads when the agent there is silent. */
export function whyUnreachable ({ url, dialTimeoutMs }: AgentPlace, error: unknown): string {
  return connectionWords(error, new URL(url).host, dialTimeoutMs)
}
