import { Compile } from 'typebox/compile'
import { CompactReplySchema } from '../../protocol/maintenance.ts'
import { OrderReplySchema } from '../../protocol/order.ts'
import { SnapshotListSchema, SnapshotReplySchema, SnapshotVerdictSchema } from '../../protocol/snapshot.ts'
import { RestorePlanSchema } from '../../protocol/restore.ts'
import { NodeVersionsSchema } from '../../protocol/versions.ts'
import { CompareProgressSchema, CompareReplySchema, MarkReplySchema, RecheckReplySchema } from '../../protocol/verify.ts'
import type { MaintenanceLink } from './agent-link.ts'
import { ANSWER_GRACE_MS, createAgentRequests, SLOW_REQUESTS, type AgentAddress } from './agent-requests.ts'

const compactReply = Compile(CompactReplySchema)
const versionsReply = Compile(NodeVersionsSchema)
const orderReply = Compile(OrderReplySchema)
const listSchema = Compile(SnapshotListSchema)
const snapshotReply = Compile(SnapshotReplySchema)
const verdictSchema = Compile(SnapshotVerdictSchema)
const restorePlan = Compile(RestorePlanSchema)
const compareReply = Compile(CompareReplySchema)
const progressSchema = Compile(CompareProgressSchema)
const recheckReply = Compile(RecheckReplySchema)
const markReply = Compile(MarkReplySchema)

/** Compaction and snapshots take minutes. */
export function createHttpMaintenanceLink (address: AgentAddress): MaintenanceLink {
  const { ask, destroy } = createAgentRequests(address, SLOW_REQUESTS)
  return {
    node: address.node,
    stop: destroy,
    compact: request => ask(compactReply, 'compact', request, request.deadlineMs + ANSWER_GRACE_MS),
    versions: deadlineMs => ask(versionsReply, 'versions', undefined, deadlineMs),
    order: order => ask(orderReply, 'orders', order, order.deadlineMs + ANSWER_GRACE_MS),
    snapshots: deadlineMs => ask(listSchema, 'snapshots', undefined, deadlineMs),
    takeSnapshot: request => ask(snapshotReply, 'snapshots', request, request.deadlineMs + ANSWER_GRACE_MS),
    verifySnapshot: (id, request) => ask(verdictSchema, `snapshots/${id}/verify`, request, request.deadlineMs + ANSWER_GRACE_MS),
    planRestore: (id, request) => ask(restorePlan, `snapshots/${id}/restore-plans`, request, request.deadlineMs + ANSWER_GRACE_MS),
    compare: request => ask(compareReply, 'content-comparisons', request, request.deadlineMs + ANSWER_GRACE_MS),
    compareProgress: deadlineMs => ask(progressSchema, 'content-comparisons', undefined, deadlineMs),
    recheck: request => ask(recheckReply, 'rechecks', request, request.deadlineMs + ANSWER_GRACE_MS),
    mark: request => ask(markReply, 'marks', request, request.deadlineMs + ANSWER_GRACE_MS)
  }
}
