import { Compile } from 'typebox/compile'
import { Pool } from 'undici'
import { CompactReplySchema } from '../../protocol/maintenance.ts'
import { RemoteError, remoteErrorFrom } from '../../protocol/remote-error.ts'
import { SnapshotListSchema, SnapshotReplySchema, SnapshotVerdictSchema } from '../../protocol/snapshot.ts'
import type { MaintenanceLink } from './agent-link.ts'
import { parseJson, readBounded } from './bounded-body.ts'
import type { HttpAgentLinkOptions } from './http-agent-link.ts'
import { AgentAnswerError, AgentUnreachableError, type AgentPlace } from './link-errors.ts'

const compactReply = Compile(CompactReplySchema)
const listSchema = Compile(SnapshotListSchema)
const snapshotReply = Compile(SnapshotReplySchema)
const verdictSchema = Compile(SnapshotVerdictSchema)

/** The notes of ten thousand snapshots. */
const ANSWER_BYTES_MAX = 32 << 20
/** The agent counts a deadline from the arrival; the answer needs a way back too. */
const GRACE_MS = 1_000

interface Checker<T> { Check (value: unknown): value is T }

/** Slow requests have a connection of their own, so that no order waits behind one. Nothing is dialled before the first. */
export function createHttpMaintenanceLink ({ cluster, node, url, tls, silentAfterMs }: HttpAgentLinkOptions): MaintenanceLink {
  const place: AgentPlace = { cluster, node, url, dialTimeoutMs: silentAfterMs }
  const connect = { timeout: place.dialTimeoutMs, ...(tls === null ? {} : { ...tls, servername: node }) }
  const pool = new Pool(url, { connect, connections: 2, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })

  async function ask<T> (schema: Checker<T>, what: string, body: object | null, deadlineMs: number): Promise<T> {
    const deadline = AbortSignal.timeout(deadlineMs + GRACE_MS)
    try {
      const answer = await pool.request({
        method: body === null ? 'GET' : 'POST',
        path: `/v1/clusters/${encodeURIComponent(cluster)}/${what}`,
        ...(body === null ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: deadline
      })
      return checked(schema, what, answer.statusCode, await readBounded(answer.body, ANSWER_BYTES_MAX))
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
    compact: request => ask(compactReply, 'compact', request, request.deadlineMs),
    snapshots: deadlineMs => ask(listSchema, 'snapshots', null, deadlineMs),
    takeSnapshot: request => ask(snapshotReply, 'snapshots', request, request.deadlineMs),
    verifySnapshot: (id, request) => ask(verdictSchema, `snapshots/${id}/verify`, request, request.deadlineMs),
    stop: () => pool.destroy()
  }
}
