import { Compile } from 'typebox/compile'
import { Pool } from 'undici'
import { RemoteError, remoteErrorFrom } from '../../protocol/remote-error.ts'
import { RescueListSchema, RescueViewSchema } from '../../protocol/rescue.ts'
import { ReplayPlanSchema, ReplayReplySchema, RescueDiffSchema } from '../../protocol/rescue-replay.ts'
import type { RescueLink } from './agent-link.ts'
import { parseJson, readBounded } from './bounded-body.ts'
import { AgentAnswerError, AgentUnreachableError, type AgentPlace } from './link-errors.ts'
import type { HttpAgentLinkOptions } from './http-agent-link.ts'

const listSchema = Compile(RescueListSchema)
const viewSchema = Compile(RescueViewSchema)
const diffSchema = Compile(RescueDiffSchema)
const planSchema = Compile(ReplayPlanSchema)
const replySchema = Compile(ReplayReplySchema)

/** A plan of some thousand rows. */
const ANSWER_BYTES_MAX = 32 << 20
const CONNECTIONS_MAX = 2
/** The agent keeps deadlines of its own, and says what took so long. */
const GRACE_MS = 1_000

interface Checker<T> { Check (value: unknown): value is T }

/** Rescues are large and slow: connections of their own, so that no order waits behind one. Nothing is dialled before the first question. */
export function createHttpRescueLink ({ cluster, node, url, tls, silentAfterMs }: HttpAgentLinkOptions): RescueLink {
  const place: AgentPlace = { cluster, node, url, dialTimeoutMs: silentAfterMs }
  const connect = { timeout: place.dialTimeoutMs, ...(tls === null ? {} : { ...tls, servername: node }) }
  const pool = new Pool(url, { connect, connections: CONNECTIONS_MAX, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })

  async function ask<T> (schema: Checker<T>, method: 'GET' | 'POST', what: string, body: object | null, deadlineMs: number): Promise<T> {
    const deadline = AbortSignal.timeout(deadlineMs + GRACE_MS)
    try {
      const answer = await pool.request({
        method,
        path: `/v1/clusters/${encodeURIComponent(cluster)}/${what}`,
        ...(body === null ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: deadline
      })
      const text = await readBounded(answer.body, ANSWER_BYTES_MAX)
      return checked(schema, what, answer.statusCode, text)
    } catch (cause) {
      if (cause instanceof AgentAnswerError || cause instanceof RemoteError) throw cause
      throw new AgentUnreachableError(place, `did not answer ${what}`, deadline.aborted ? new Error(`no answer within ${deadlineMs} ms`, { cause }) : cause)
    }
  }

  function checked<T> (schema: Checker<T>, what: string, status: number, text: string): T {
    const value = parseJson(text)
    if (status === 200 && schema.Check(value)) return value
    throw (status === 200 ? null : remoteErrorFrom(status, value, place)) ?? new AgentAnswerError(place, `answered ${what} with ${status} and something that is not its answer: ${text.slice(0, 200)}`)
  }

  return {
    node,
    stop: () => pool.destroy(),
    list: deadlineMs => ask(listSchema, 'GET', 'rescues', null, deadlineMs),
    show: (id, deadlineMs) => ask(viewSchema, 'GET', `rescues/${id}`, null, deadlineMs),
    acknowledge: (id, body, deadlineMs) => ask(viewSchema, 'POST', `rescues/${id}/acknowledge`, body, deadlineMs),
    remove: (id, body, deadlineMs) => ask(viewSchema, 'POST', `rescues/${id}/remove`, body, deadlineMs),
    diff: (id, body, deadlineMs) => ask(diffSchema, 'POST', `rescues/${id}/diff`, body, deadlineMs),
    plan: (id, body, deadlineMs) => ask(planSchema, 'POST', `rescues/${id}/plan`, body, deadlineMs),
    applied: (id, body, deadlineMs) => ask(viewSchema, 'POST', `rescues/${id}/applied`, body, deadlineMs),
    replay: (body, deadlineMs) => ask(replySchema, 'POST', 'replays', body, deadlineMs)
  }
}
