import { Compile } from 'typebox/compile'
import { InvariantError, invariant } from '../../protocol/invariant.ts'
import { ReportSchema, type Report } from '../../protocol/report.ts'
import { OrderReplySchema, type OrderReply } from '../../protocol/order.ts'
import { TermReplySchema, type TermReply } from '../../protocol/vote.ts'
import type { AgentLink, AgentListener } from './agent-link.ts'
import { ANSWER_GRACE_MS, connectOptions, createAgentRequests, placeOf, type AgentAddress } from './agent-requests.ts'
import { createBackoff } from './backoff.ts'
import { AgentAnswerError, whyUnreachable, type AgentPlace } from './link-errors.ts'
import { followReports } from './report-stream.ts'

const termReply = Compile(TermReplySchema)
const orderReply = Compile(OrderReplySchema)
const reportSchema = Compile(ReportSchema)

const REDIAL = { firstMs: 50, maxMs: 1_000 }
/** An order that runs must not keep the next term request waiting. */
const URGENT_REQUESTS = { connectionsMax: 4, answerBytesMax: 1 << 20 }

/** The link of one controller to one agent for one cluster, over plain HTTP with JSON. */
export function createHttpAgentLink (address: AgentAddress): AgentLink {
  const { node, silentAfterMs } = address
  const place = placeOf(address)
  const requests = createAgentRequests(address, URGENT_REQUESTS)
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
          connect: connectOptions(address),
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
    look: async deadlineMs => ofPlace(place, await requests.ask(reportSchema, 'report', undefined, deadlineMs)),
    async term (request, deadlineMs): Promise<TermReply> {
      return await requests.ask(termReply, 'term', request, deadlineMs)
    },
    async order (order): Promise<OrderReply> {
      return await requests.ask(orderReply, 'orders', order, order.deadlineMs + ANSWER_GRACE_MS)
    }
  }
}

function ofPlace (place: AgentPlace, report: Report): Report {
  if (report.cluster === place.cluster && report.node === place.node) return report
  throw new AgentAnswerError(place, `is the agent of ${report.node} (${report.cluster}): the address or the file is wrong`)
}
