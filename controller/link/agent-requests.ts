// Requests to one agent, each with a deadline, over a few connections that are kept open.
import { Pool, type buildConnector } from 'undici'
import { remoteErrorFrom } from '../../protocol/remote-error.ts'
import { parseJson, readBounded } from './bounded-body.ts'
import { AgentAnswerError, AgentUnreachableError, type AgentPlace } from './link-errors.ts'

/** An agent, as a controller dials it. */
export interface AgentAddress {
  readonly cluster: string
  readonly node: string
  /** `http://10.0.0.1:8641` or `https://…`. */
  readonly url: string
  /** PEM texts. The agent's certificate is checked for the node's name, whatever the address is. */
  readonly tls: { readonly key: string, readonly cert: string, readonly ca: string } | null
  /** A stream without an event for so long is lost; a dial is given up after so long. */
  readonly silentAfterMs: number
}

interface Limits {
  readonly connectionsMax: number
  readonly answerBytesMax: number
}

/** A compiled schema. */
interface Checker<T> { Check (value: unknown): value is T }

export interface AgentRequests {
  /**
   * GET when `body` is undefined, and POST otherwise. Rejects with the agent's own refusal as it was thrown there, with an
   * AgentAnswerError when `schema` does not allow the answer, and else with an AgentUnreachableError within `deadlineMs`.
   */
  ask<T> (schema: Checker<T>, what: string, body: object | undefined, deadlineMs: number): Promise<T>
  /** After a loss the kept connections may be dead without knowing it: new requests dial anew, running ones end by themselves. */
  renew (): void
  destroy (): Promise<void>
}

/**
 * What is small and urgent must not wait behind what is large and slow: orders have connections of their own. Rescues and
 * maintenance have a pair each, which nobody dials before the first question.
 */
export const SLOW_REQUESTS: Limits = { connectionsMax: 2, answerBytesMax: 32 << 20 }
/** An agent counts a deadline that it is told from the arrival, and says what took so long; the answer needs a way back too. */
export const ANSWER_GRACE_MS = 1_000

export function placeOf ({ cluster, node, url, silentAfterMs }: AgentAddress): AgentPlace {
  return { cluster, node, url, dialTimeoutMs: silentAfterMs }
}

export function connectOptions ({ node, tls, silentAfterMs }: AgentAddress): buildConnector.BuildOptions {
  return { timeout: silentAfterMs, ...(tls === null ? {} : { ...tls, servername: node }) }
}

/** Nothing is dialled before the first request. */
export function createAgentRequests (address: AgentAddress, { connectionsMax, answerBytesMax }: Limits): AgentRequests {
  const place = placeOf(address)
  const open = () => new Pool(place.url, { connect: connectOptions(address), connections: connectionsMax, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  let pool = open()
  const retired = new Set<Pool>()

  async function send (what: string, body: object | undefined, deadlineMs: number): Promise<{ readonly status: number, readonly text: string }> {
    const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(deadlineMs)))
    try {
      const answer = await pool.request({
        method: body === undefined ? 'GET' : 'POST',
        path: `/v1/clusters/${encodeURIComponent(place.cluster)}/${what}`,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: deadline
      })
      return { status: answer.statusCode, text: await readBounded(answer.body, answerBytesMax) }
    } catch (cause) {
      throw new AgentUnreachableError(place, `did not answer ${what}`, deadline.aborted ? new Error(`no answer within ${deadlineMs} ms`, { cause }) : cause)
    }
  }

  return {
    async ask (schema, what, body, deadlineMs) {
      const { status, text } = await send(what, body, deadlineMs)
      const value = parseJson(text)
      if (status === 200 && schema.Check(value)) return value
      const remote = status === 200 ? null : remoteErrorFrom(status, value, place)
      throw remote ?? new AgentAnswerError(place, `answered ${what} with ${status} and something that is not its answer: ${text.slice(0, 200)}`)
    },
    renew () {
      const old = pool
      pool = open()
      retired.add(old)
      const forget = () => { retired.delete(old) }
      old.close().then(forget, forget) // rejects only when `destroy` was faster
    },
    async destroy () {
      await Promise.all([pool, ...retired].map(one => one.destroy()))
    }
  }
}
