import { Type, type Static } from 'typebox'
import { ProposedListSchema, VoterListSchema } from './voter-list.ts'

/** (holder, term): who had the right to serve, in which term. */
export const HolderTermSchema = Type.Object({
  holder: Type.String(),
  term: Type.Integer({ minimum: 1 })
}, { additionalProperties: false })
export type HolderTerm = Static<typeof HolderTermSchema>

/** No node's name: who served last is not known any more, since most voters are lost and an operator forced the rest (S11). */
export const UNKNOWN_HOLDER = 'somebody unknown'

/** How far a holder came in its term, by the last heartbeat that it told. */
export const HeardSchema = Type.Object({
  holder: Type.String(),
  term: Type.Integer({ minimum: 1 }),
  sequence: Type.Integer({ minimum: 1 })
}, { additionalProperties: false })
export type Heard = Static<typeof HeardSchema>

/** Older releases than the newest few matter to nobody: their grants ended long ago. */
export const LEAVE_OUT_MAX = 16

/** A grant that a controller may leave out of its wait (S3), and why that is safe. */
export const LeaveOutSchema = Type.Object({
  holder: Type.String(),
  term: Type.Integer({ minimum: 1 }),
  why: Type.Union([Type.Literal('released'), Type.Literal('fenced')])
}, { additionalProperties: false })
export type LeaveOut = Static<typeof LeaveOutSchema>

/** Why a controller asks for a term. `lost` is refused by voters that still see the holder renew (S1); `reasserted` and `voters` are newer terms for the node that serves. */
export const TERM_REASONS = ['firstStart', 'released', 'lost', 'switchover', 'forced', 'reasserted', 'voters'] as const
export type TermReason = typeof TERM_REASONS[number]

/** POST /v1/clusters/:cluster/term, controller to voter. */
export const TermRequestSchema = Type.Object({
  term: Type.Integer({ minimum: 1 }),
  holder: Type.String(),
  controller: Type.String(),
  reason: Type.Enum(TERM_REASONS),
  /** By which the controller counts its majority (S11). */
  voters: VoterListSchema,
  /** The list to be, stored with the acceptance: asked for only when a majority has accepted the term without it (S11). */
  next: Type.Optional(VoterListSchema),
  leaveOut: Type.Array(LeaveOutSchema, { maxItems: LEAVE_OUT_MAX })
}, { additionalProperties: false })
export type TermRequest = Static<typeof TermRequestSchema>

/** An unexpired grant as a voter reports it; `remainingMs` includes the guard slack that the holder declared. */
export const GrantSchema = Type.Object({
  /** Null: this voter restarted less than a lease ago and cannot know whom it granted. */
  holder: Type.Union([Type.String(), Type.Null()]),
  term: Type.Integer({ minimum: 0 }),
  remainingMs: Type.Number({ minimum: 0 }),
  /** How long ago the holder last asked. */
  renewedAgoMs: Type.Number({ minimum: 0 })
}, { additionalProperties: false })
export type Grant = Static<typeof GrantSchema>

export const REFUSALS = ['olderTerm', 'termTaken', 'stillRenewing', 'otherGrantRuns', 'released', 'cannotVote', 'olderVoters', 'votersDiffer', 'notOneVoter'] as const
export type Refusal = typeof REFUSALS[number]
const RefusedSchema = Type.Object({
  ok: Type.Literal(false),
  refusal: Type.Enum(REFUSALS),
  /** The highest term that this voter accepted. */
  term: Type.Integer({ minimum: 0 }),
  holder: Type.Union([Type.String(), Type.Null()]),
  /** `otherGrantRuns`: ask again after this long. */
  remainingMs: Type.Number({ minimum: 0 }),
  /** The list that this voter has stored: `olderVoters`, a newer one than the request's; `votersDiffer`, other names in the same generation. Null when it cannot vote. */
  voters: Type.Union([VoterListSchema, Type.Null()])
}, { additionalProperties: false })

export const TermReplySchema = Type.Union([
  Type.Object({
    ok: Type.Literal(true),
    grants: Type.Array(GrantSchema),
    /** The newest proposal that this voter has stored: a change that was begun, and may have been accepted by majorities (S11). */
    next: Type.Optional(ProposedListSchema)
  }, { additionalProperties: false }),
  RefusedSchema
])
export type TermReply = Static<typeof TermReplySchema>

/** POST /v1/clusters/:cluster/lease, holder to voter. */
export const LeaseRequestSchema = Type.Object({
  term: Type.Integer({ minimum: 1 }),
  holder: Type.String(),
  /** By which the holder counts its majority (S11); a voter that grants has stored it. */
  voters: VoterListSchema,
  /** Lease plus the slack of the holder's guard, and a margin for a voter's faster clock: for so long after it answers may the voter not grant anybody else. */
  holdMs: Type.Integer({ minimum: 1, maximum: 3_600_000 }),
  /** The holder's last heartbeat in this term; 0 before the first. Voters tell it on: a leader that lost sight of the holder still knows how far it came (S6). */
  sequence: Type.Integer({ minimum: 0 }),
  /** Grants that the order for this term said may be left out (S3). */
  leaveOut: Type.Array(LeaveOutSchema, { maxItems: LEAVE_OUT_MAX }),
  /** voter -> in which of its boots it last granted this holder; empty while the holder's own voter does not grant. Who finds its own boot here was asked since it started (S9). */
  boots: Type.Record(Type.String(), Type.String())
}, { additionalProperties: false })
export type LeaseRequest = Static<typeof LeaseRequestSchema>

export const LeaseReplySchema = Type.Union([
  /** `boot`: the voter's, new with every start of its agent. */
  Type.Object({ ok: Type.Literal(true), boot: Type.Optional(Type.String()) }, { additionalProperties: false }),
  RefusedSchema
])
export type LeaseReply = Static<typeof LeaseReplySchema>

/** POST /v1/clusters/:cluster/release, holder to voter: final for its term (S2). */
export const ReleaseRequestSchema = Type.Object({
  term: Type.Integer({ minimum: 1 }),
  holder: Type.String(),
  /** False when this holder never opened its gate in that term: then nobody wrote anything in it. */
  served: Type.Boolean()
}, { additionalProperties: false })
export type ReleaseRequest = Static<typeof ReleaseRequestSchema>
