import { Compile } from 'typebox/compile'
import { CopyComparisonSchema } from '../../protocol/copy-comparison.ts'
import { RescueListSchema, RescueViewSchema } from '../../protocol/rescue.ts'
import { ReplayPlanSchema, ReplayReplySchema, RescueDiffSchema } from '../../protocol/rescue-replay.ts'
import type { RescueLink } from './agent-link.ts'
import { ANSWER_GRACE_MS, createAgentRequests, SLOW_REQUESTS, type AgentAddress } from './agent-requests.ts'

const listSchema = Compile(RescueListSchema)
const viewSchema = Compile(RescueViewSchema)
const diffSchema = Compile(RescueDiffSchema)
const planSchema = Compile(ReplayPlanSchema)
const replySchema = Compile(ReplayReplySchema)
const comparisonSchema = Compile(CopyComparisonSchema)

/** Rescues are large and slow. */
export function createHttpRescueLink (address: AgentAddress): RescueLink {
  const requests = createAgentRequests(address, SLOW_REQUESTS)
  const ask: typeof requests.ask = (schema, what, body, deadlineMs) => requests.ask(schema, what, body, deadlineMs + ANSWER_GRACE_MS)
  return {
    node: address.node,
    stop: requests.destroy,
    list: deadlineMs => ask(listSchema, 'rescues', undefined, deadlineMs),
    show: (id, deadlineMs) => ask(viewSchema, `rescues/${id}`, undefined, deadlineMs),
    acknowledge: (id, body, deadlineMs) => ask(viewSchema, `rescues/${id}/acknowledge`, body, deadlineMs),
    remove: (id, body, deadlineMs) => ask(viewSchema, `rescues/${id}/remove`, body, deadlineMs),
    diff: (id, body, deadlineMs) => ask(diffSchema, `rescues/${id}/diff`, body, deadlineMs),
    plan: (id, body, deadlineMs) => ask(planSchema, `rescues/${id}/plan`, body, deadlineMs),
    applied: (id, body, deadlineMs) => ask(viewSchema, `rescues/${id}/applied`, body, deadlineMs),
    replay: (body, deadlineMs) => ask(replySchema, 'replays', body, deadlineMs),
    compareCopies: (source, deadlineMs) => ask(comparisonSchema, 'comparisons', { source }, deadlineMs)
  }
}
