import { Type, type Static } from 'typebox'
import { LEAVE_OUT_MAX, LeaveOutSchema } from './vote.ts'
import { VoterListSchema } from './voter-list.ts'

const common = {
  /** The term the order belongs to; lower than the agent knows: 409 with the current one (S1). */
  term: Type.Integer({ minimum: 1 }),
  controller: Type.String(),
  deadlineMs: Type.Integer({ minimum: 1, maximum: 600_000 })
}

/** Servers of the last active that live on behind shut gates: their last marker is waited for so long, and then gone on without. */
export const LastWritesSchema = Type.Object({
  marker: Type.String({ minLength: 1, maxLength: 64 }),
  servers: Type.Array(Type.String(), { minItems: 1, maxItems: 64 }),
  deadlineMs: Type.Integer({ minimum: 1, maximum: 600_000 })
}, { additionalProperties: false })
export type LastWrites = Static<typeof LastWritesSchema>

/** POST /v1/clusters/:cluster/orders, controller to agent. Answered when it is done, or undone. */
export const OrderSchema = Type.Union([
  /** Take the lease of this term, promote every server, prove it by a write, take the endpoints, open the gates (S8). */
  Type.Object({ type: Type.Literal('promote'), ...common, leaveOut: Type.Array(LeaveOutSchema, { maxItems: LEAVE_OUT_MAX }), force: Type.Boolean({ description: 'Also with an incomplete copy: an operator was told what is lost' }), without: Type.Optional(Type.String({ description: 'The other one of two voters, certainly off after this node accepted the term: it is left out of the count (S9)' })), lastWrites: Type.Optional(LastWritesSchema) }, { additionalProperties: false }),
  /** Old active: close the gates and write the marker into each database. */
  Type.Object({ type: Type.Literal('handoverBegin'), ...common, marker: Type.String({ minLength: 1, maxLength: 64 }) }, { additionalProperties: false }),
  /** Candidate: answer when each database holds the marker. */
  Type.Object({ type: Type.Literal('awaitMarker'), ...common, marker: Type.String({ minLength: 1, maxLength: 64 }) }, { additionalProperties: false }),
  /** Old active: freeze the servers and release the lease. */
  Type.Object({ type: Type.Literal('handoverFinish'), ...common }, { additionalProperties: false }),
  /** Old active: open the gates again under the same lease; nothing happened. */
  Type.Object({ type: Type.Literal('handoverCancel'), ...common }, { additionalProperties: false }),
  /** Active: cease to serve and release the lease, servers that are overdue killed; a backup can take over. */
  Type.Object({ type: Type.Literal('stepDown'), ...common }, { additionalProperties: false }),
  /** Backup: replicate from the holder of this term, by its own address. */
  Type.Object({ type: Type.Literal('follow'), ...common, source: Type.String() }, { additionalProperties: false }),
  /** Backup: end these servers in order and start them again with whatever program is installed now; one that is another process by now is left alone. `convertTo`: between the two its database is converted to its schema file, if that has this digest. */
  Type.Object({ type: Type.Literal('restart'), ...common, servers: Type.Array(Type.Object({ name: Type.String(), pid: Type.Integer({ minimum: 1 }), convertTo: Type.Optional(Type.String({ maxLength: 64 })) }, { additionalProperties: false }), { minItems: 1, maxItems: 32 }) }, { additionalProperties: false }),
  /** Active: convert these databases where they are, to their schema files, if those have these digests; clients of them lose their connections. */
  Type.Object({ type: Type.Literal('convert'), ...common, servers: Type.Array(Type.Object({ name: Type.String(), convertTo: Type.String({ maxLength: 64 }) }, { additionalProperties: false }), { minItems: 1, maxItems: 32 }) }, { additionalProperties: false }),
  /** Active: go on under this term, and count by this list, which majorities of it and of the one before accepted in it (S11). */
  Type.Object({ type: Type.Literal('takeVoters'), ...common, voters: VoterListSchema }, { additionalProperties: false }),
  /** Any node, also one whose voter's file is damaged: an operator declared lost for good what voters promised before, and forced this list, from this term on (S11). */
  Type.Object({ type: Type.Literal('forceVoters'), ...common, voters: VoterListSchema }, { additionalProperties: false })
])
export type Order = Static<typeof OrderSchema>
export type OrderType = Order['type']

/** One timed step of an order, in milliseconds since the agent received it. */
export const StepSchema = Type.Object({
  name: Type.String(),
  startMs: Type.Number(),
  endMs: Type.Number(),
  /** Null: it succeeded. */
  error: Type.Union([Type.String(), Type.Null()])
}, { additionalProperties: false })
export type Step = Static<typeof StepSchema>

/** The answer to an order. `ok: false` means that the order was undone and why; a refused order is an error body instead. */
export const OrderReplySchema = Type.Object({
  ok: Type.Boolean(),
  reason: Type.Union([Type.String(), Type.Null()]),
  steps: Type.Array(StepSchema)
}, { additionalProperties: false })
export type OrderReply = Static<typeof OrderReplySchema>
