import { Compile } from 'typebox/compile'
import { Pool, type buildConnector } from 'undici'
import { InvariantError, invariant } from '../../protocol/invariant.ts'
import { ReportSchema, type Report } from '../../protocol/report.ts'
import { OrderReplySchema, type OrderReply } from '../../protocol/order.ts'
import { remoteErrorFrom } from '../../protocol/remote-error.ts'
import { TermReplySchema, type TermReply } from '../../protocol/vote.ts'
import type { AgentLink, AgentListener } from './agent-link.ts'
import { createBackoff } from './backoff.ts'
import { parseJson, readBounded } from './bounded-body.ts'
import { AgentAnswerError, AgentUnreachableError, whyUnreachable, type AgentPlace } from './link-errors.ts'
import { followReports } from './report-stream.ts'

const termReply = Compile(TermReplySchema)
const orderReply = Compile(OrderReplySchema)
const reportSchema = Compile(ReportSchema)

export interface HttpAgentLinkOptions {
  readonly cluster: string
  readonly node: string
  /** `http://10.0.0.1:8641` or `https://…`. */
  readonly url: string
  /** PEM texts. The agent's certificate is checked for the node's name, whatever the address is. */
  readonly tls: { readonly key: string, readonly cert: string, readonly ca: string } | null
  /** A stream without an event for so long is lost. */
  readonly silentAfterMs: number
}

const REDIAL = { firstMs: 50, maxMs: 1_000 }
/** The agent counts an order's deadline from its arrival; the answer needs a way back too. */
const ORDER_GRACE_MS = 1_000
const ANSWER_BYTES_MAX = 1 << 20
/** An order that runs must not keep the next term request waiting. */
const CONNECTIONS_MAX = 4

/** The link of one controller to one agent for one cluster, over plain HTTP with JSON. */
export function createHttpAgentLink (options: HttpAgentLinkOptions): AgentLink {
  const { cluster, node, url, tls, silentAfterMs } = options
  const place = { cluster, node, url, dialTimeoutMs: silentAfterMs }
  const connect = { timeout: place.dialTimeoutMs, ...(tls === null ? {} : { ...tls, servername: node }) }
  const requests = createRequests(place, connect)
  const stopping = new AbortController()
  let following: Promise<void> | null = null

  async function follow (listener: AgentListener): Promise<void> {
    const backoff = createBackoff(REDIAL)
    let state: 'new' | 'live' | 'lost' = 'new'
    let said = ''
    const live = () => {
      state = 'live'
      backoff.reset()
    }
    while (!stopping.signal.aborted) {
      try {
        await followReports({
          place,
          connect,
          silentAfterMs,
          signal: stopping.signal,
          onReport (report) {
            live()
            listener.onReport(report)
          },
          onHappening: happening => { listener.onHappening(happening) }
        })
      } catch (error) {
        if (error instanceof InvariantError) throw error // ours, not the agent's
        if (stopping.signal.aborted) return
        const why = whyUnreachable(place, error)
        if (state !== 'lost') requests.renew()
        if (state !== 'lost' || why !== said) listener.onLost(why)
        state = 'lost'
        said = why
      }
      await backoff.pause(stopping.signal)
    }
  }

  return {
    node,
    start (listener) {
      invariant(following === null, 'a link is started once')
      following = follow(listener)
    },
    async stop () {
      stopping.abort()
      await following
      await requests.destroy()
    },
    look: async deadlineMs => ofPlace(place, await requests.ask('GET', 'report', undefined, deadlineMs, reportSchema)),
    async term (request, deadlineMs): Promise<TermReply> {
      return await requests.ask('POST', 'term', request, deadlineMs, termReply)
    },
    async order (order): Promise<OrderReply> {
      return await requests.ask('POST', 'orders', order, order.deadlineMs + ORDER_GRACE_MS, orderReply)
    }
  }
}

function ofPlace (place: AgentPlace, report: Report): Report {
  if (report.cluster === place.cluster && report.node === place.node) return report
  throw new AgentAnswerError(place, `is the agent of ${report.node} (${report.cluster}): the address or the file is wrong`)
}

/** Requests to one agent over a few connections that are kept open: a failover does not wait for a handshake twice. */
function createRequests (place: AgentPlace, connect: buildConnector.BuildOptions) {
  const open = () => new Pool(place.url, { connect, connections: CONNECTIONS_MAX, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  let pool = open()
  const retired = new Set<Pool>()

  async function ask<T> (method: 'GET' | 'POST', what: 'report' | 'term' | 'orders', body: unknown, deadlineMs: number, schema: { Check (value: unknown): value is T }): Promise<T> {
    const { status, text } = await send(method, what, body, deadlineMs)
    const value = parseJson(text)
    if (status === 200 && schema.Check(value)) return value
    const remote = status === 200 ? null : remoteErrorFrom(status, value, place)
    throw remote ?? new AgentAnswerError(place, `answered ${what} with ${status} and something that is not its answer: ${text.slice(0, 200)}`)
  }

  async function send (method: 'GET' | 'POST', what: string, body: unknown, deadlineMs: number): Promise<{ readonly status: number, readonly text: string }> {
    const deadline = AbortSignal.timeout(deadlineMs)
    try {
      const answer = await pool.request({
        method,
        path: `/v1/clusters/${encodeURIComponent(place.cluster)}/${what}`,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: deadline
      })
      return { status: answer.statusCode, text: await readBounded(answer.body, ANSWER_BYTES_MAX) }
    } catch (cause) {
      throw new AgentUnreachableError(place, `did not answer ${what}`, deadline.aborted ? new Error(`no answer within ${deadlineMs} ms`, { cause }) : cause)
    }
  }

  return {
    ask,
    /** After a loss the kept connections may be dead without knowing it: new requests dial anew, running ones end by themselves. */
    renew (): void {
      const old = pool
      pool = open()
      retired.add(old)
      const forget = () => { retired.delete(old) }
      old.close().then(forget, forget) // rejects only when `destroy` was faster
    },
    async destroy (): Promise<void> {
      await Promise.all([pool, ...retired].map(one => one.destroy()))
    }
  }
}
