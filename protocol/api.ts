// REST v1 of the controller, as operators, the CLI and the dashboard see it.
import { Type, type Static } from 'typebox'
import { DiagnosisViewSchema } from './diagnosis.ts'
import { ExplanationSchema } from './explain.ts'
import { LossViewSchema } from './loss.ts'
import { PlannedSwitchoverSchema } from './planned.ts'
import { PreferenceViewSchema } from './preference.ts'
import { CompanionReportSchema, PHASES, ProblemSchema, RescueUsageSchema, ServerReportSchema } from './report.ts'
import { StepSchema } from './order.ts'
import { TroubledRunSchema } from './schedule.ts'
import { VOTERS_MAX, VoterListSchema } from './voter-list.ts'

const NullableString = Type.Union([Type.String(), Type.Null()])
const NullableInteger = Type.Union([Type.Integer(), Type.Null()])

/** The controller that leads a cluster, and where its REST API answers; null when nobody said. */
export const LeaderSchema = Type.Object({ name: Type.String(), url: NullableString })
export type Leader = Static<typeof LeaderSchema>

/** Body of every error answer. */
export const ErrorBodySchema = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: Type.String(),
  cluster: Type.Optional(Type.String()),
  node: Type.Optional(Type.String()),
  /** Order with an old term: the current one. */
  term: Type.Optional(Type.Integer()),
  /** Refused nodes and why, when a decision was refused. */
  refused: Type.Optional(Type.Array(Type.Object({ node: Type.String(), code: Type.String(), message: Type.String() }))),
  /** Only the leader does this: who that is, as far as it is known. */
  leader: Type.Optional(LeaderSchema)
})
export type ErrorBody = Static<typeof ErrorBodySchema>

/** Why a node cannot be the next active: a code that is stable, and a sentence. */
export const RefusedNodeSchema = Type.Object({ node: Type.String(), code: Type.String(), message: Type.String() })
export type RefusedNode = Static<typeof RefusedNodeSchema>

export const NodeViewSchema = Type.Object({
  name: Type.String(),
  address: Type.String(),
  witness: Type.Boolean(),
  priority: Type.Integer(),
  /** What operators want of it; null: nothing. */
  preference: Type.Union([PreferenceViewSchema, Type.Null()]),
  reachable: Type.Boolean(),
  lastReportAgoMs: NullableInteger,
  role: Type.Union([Type.Literal('active'), Type.Literal('backup'), Type.Literal('witness'), Type.Literal('none')]),
  phase: Type.Union([Type.Enum(PHASES), Type.Null()]),
  /** In plain words: what this node is doing and what is wrong with it. */
  summary: Type.String(),
  /** Null: it may be promoted; otherwise why not. */
  ineligible: Type.Union([RefusedNodeSchema, Type.Null()]),
  following: NullableString,
  /** Heartbeats behind the active; null when unknown or active. */
  lagHeartbeats: NullableInteger,
  term: Type.Integer(),
  leaseRemainingMs: Type.Integer(),
  guard: NullableString,
  fence: Type.Object({
    /** The controller has a way to power it off. */
    device: Type.Boolean(),
    /** Why that way cannot be relied on. */
    problem: NullableString,
    /** It was powered off, or an operator said so, and it was not heard of since. */
    fenced: Type.Union([Type.Object({ at: Type.String(), by: Type.String(), why: Type.String() }), Type.Null()])
  }),
  servers: Type.Array(ServerReportSchema),
  /** What it keeps of data that was overwritten; null while nothing is known of the node. */
  rescues: Type.Union([RescueUsageSchema, Type.Null()]),
  /** Services that run only where the active is; absent where the cluster has none, and while nothing is known of the node. */
  companions: Type.Optional(Type.Array(CompanionReportSchema)),
  problems: Type.Array(ProblemSchema)
})
export type NodeView = Static<typeof NodeViewSchema>

export const OPERATION_KINDS = ['firstStart', 'coldStart', 'failover', 'switchover', 'forcedFailover'] as const
export type OperationKind = typeof OPERATION_KINDS[number]

/** One change of the active: the waterfall of its steps. Milliseconds count from its start. */
export const OperationViewSchema = Type.Object({
  id: Type.String(),
  kind: Type.Enum(OPERATION_KINDS),
  /** What started it, in words. */
  trigger: Type.String(),
  from: NullableString,
  to: NullableString,
  term: Type.Integer(),
  startedAt: Type.String(),
  durationMs: Type.Union([Type.Number(), Type.Null()]),
  outcome: Type.Union([Type.Literal('running'), Type.Literal('done'), Type.Literal('failed'), Type.Literal('undone')]),
  /** Why it failed or was undone, what a forced one lost, why this candidate was taken. */
  detail: Type.String(),
  refused: Type.Array(RefusedNodeSchema),
  steps: Type.Array(Type.Object({ ...StepSchema.properties, node: NullableString })),
  /** What it lost, for each server of the old active: empty until that is back and was compared. Only GET /v1/history/:id has it. */
  losses: Type.Optional(Type.Array(LossViewSchema))
})
export type OperationView = Static<typeof OperationViewSchema>

/** Automatic failovers that count, until they are old enough or acknowledged. */
export const RecoveriesViewSchema = Type.Object({
  limitFailovers: Type.Integer(),
  usedFailovers: Type.Integer(),
  /** When the next one is allowed again; null: now. */
  freeAt: NullableString,
  /** Oldest first; `term` is what `acknowledge` names it by. */
  open: Type.Array(Type.Object({
    term: Type.Integer(),
    at: Type.String(),
    failed: Type.String(),
    to: Type.String(),
    why: Type.String(),
    /** It uses up the budget. */
    counts: Type.Boolean(),
    /** Until when `failed` is not preferred; null: no longer. */
    lockedOutUntil: NullableString
  }))
})

export const CLUSTER_STATES = ['starting', 'serving', 'changing', 'holding', 'unknown'] as const

export const ClusterViewSchema = Type.Object({
  name: Type.String(),
  /** Who answers. A controller that does not lead the cluster decides nothing; `leader` is then the one that does, null when none is known. */
  controller: Type.Object({ name: Type.String(), leads: Type.Boolean(), leader: Type.Union([LeaderSchema, Type.Null()]) }),
  state: Type.Enum(CLUSTER_STATES),
  /** One or two sentences that tell the truth in plain words. */
  summary: Type.String(),
  active: NullableString,
  term: Type.Integer(),
  paused: Type.Union([Type.Object({ by: Type.String(), at: Type.String(), reason: Type.String() }), Type.Null()]),
  /** Whether a lost node would be failed over without an operator, and why not (S9). */
  automaticFailover: Type.Object({ possible: Type.Boolean(), why: Type.String() }),
  recoveries: RecoveriesViewSchema,
  /** Who votes, as the voters have stored it (S11). */
  voters: VoterListSchema,
  /** Which nodes were given another cluster.yaml, or have stored other voters, in words; null when all agree. */
  configDiffers: NullableString,
  endpoints: Type.Array(Type.Object({ address: Type.String(), holders: Type.Array(Type.String()) })),
  hold: Type.Union([Type.Object({ code: Type.String(), message: Type.String(), refused: Type.Array(RefusedNodeSchema) }), Type.Null()]),
  operation: Type.Union([OperationViewSchema, Type.Null()]),
  /** What is wrong, by name, the most urgent first; empty while all is well. */
  diagnoses: Type.Array(DiagnosisViewSchema),
  /** Jobs whose last run failed or did not happen. */
  schedules: Type.Array(TroubledRunSchema),
  /** Switchovers for a set time that wait, or have just begun. */
  planned: Type.Array(PlannedSwitchoverSchema),
  nodes: Type.Array(NodeViewSchema)
})
export type ClusterView = Static<typeof ClusterViewSchema>

export const NodeListSchema = Type.Object({ nodes: Type.Array(NodeViewSchema) })
export type NodeList = Static<typeof NodeListSchema>

export const ClusterListSchema = Type.Object({
  clusters: Type.Array(Type.Object({
    name: Type.String(),
    state: Type.Enum(CLUSTER_STATES),
    summary: Type.String(),
    active: NullableString,
    term: Type.Integer(),
    paused: Type.Boolean()
  }))
})
export type ClusterList = Static<typeof ClusterListSchema>

export const SEVERITIES = ['info', 'warning', 'critical'] as const
export type Severity = typeof SEVERITIES[number]

export const HistoryEntrySchema = Type.Object({
  /** Grows by one with each entry of the installation. */
  id: Type.Integer(),
  at: Type.String({ description: 'ISO 8601, UTC' }),
  cluster: Type.String(),
  node: NullableString,
  kind: Type.String(),
  severity: Type.Enum(SEVERITIES),
  message: Type.String(),
  facts: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  /** Present on what an agent told: its cluster, node and boot, and the number in it. One entry each, whichever controller wrote it. */
  happening: Type.Optional(Type.String()),
  /** Present on `operation…` kinds. */
  operation: Type.Optional(OperationViewSchema),
  /** Present on `diagnosis…` kinds. */
  diagnosis: Type.Optional(DiagnosisViewSchema),
  /** What a decision rested on: present on `operation…` kinds and `holdBegan`, and left out of lists. */
  explanation: Type.Optional(ExplanationSchema)
})
export type HistoryEntry = Static<typeof HistoryEntrySchema>
export const HistoryListSchema = Type.Object({ entries: Type.Array(HistoryEntrySchema) })
export type HistoryList = Static<typeof HistoryListSchema>

/** `id` of the history entry; null: the explanation is of now. */
export const ExplainReplySchema = Type.Object({
  id: NullableInteger,
  explanation: ExplanationSchema,
  /** The change that runs, or that the entry is about, with how it ended. */
  operation: Type.Union([OperationViewSchema, Type.Null()])
})
export type ExplainReply = Static<typeof ExplainReplySchema>

/** GET /v1/clusters/:cluster/history: newest first; `before` is the lowest id of the page above. */
export const HistoryQuerySchema = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 50 })),
  before: Type.Optional(Type.Integer({ minimum: 1 }))
}, { additionalProperties: false })
export type HistoryQuery = Static<typeof HistoryQuerySchema>

export const SwitchoverBodySchema = Type.Object({
  to: Type.Optional(Type.String({ description: 'Node to promote; the best candidate when absent' })),
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type SwitchoverBody = Static<typeof SwitchoverBodySchema>

export const FailoverBodySchema = Type.Object({
  to: Type.Optional(Type.String()),
  force: Type.Optional(Type.Boolean({ description: 'Take a node that is not in sync; the answer tells what is lost' })),
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type FailoverBody = Static<typeof FailoverBodySchema>

export const FenceBodySchema = Type.Object({
  force: Type.Optional(Type.Boolean({ description: 'Also the node that serves' })),
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type FenceBody = Static<typeof FenceBodySchema>

export const UnfenceBodySchema = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type UnfenceBody = Static<typeof UnfenceBodySchema>

/** "I confirm that this node is off": kept in the history with the name and the reason. */
export const ConfirmOffBodySchema = Type.Object({
  reason: Type.String({ minLength: 1, maxLength: 256, description: 'How it is known' })
}, { additionalProperties: false })
export type ConfirmOffBody = Static<typeof ConfirmOffBodySchema>

export const AcknowledgeBodySchema = Type.Object({
  failoverTerm: Type.Optional(Type.Integer({ minimum: 1, description: 'The failover, by its term as status shows it; all of them when absent' })),
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type AcknowledgeBody = Static<typeof AcknowledgeBodySchema>
export const VotersBodySchema = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type VotersBody = Static<typeof VotersBodySchema>

/** Whatever other voters promised is lost for good: kept in the history with the name and the reason. */
export const QuorumForceBodySchema = Type.Object({
  voters: Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { minItems: 1, maxItems: VOTERS_MAX, description: 'The nodes that vote from now on; all of them report, and those with a damaged state file may be among them' }),
  confirm: Type.String({ description: 'The name of the cluster once more' }),
  reason: Type.String({ minLength: 1, maxLength: 256, description: 'How it is known that the others, or what they had stored, are gone' })
}, { additionalProperties: false })
export type QuorumForceBody = Static<typeof QuorumForceBodySchema>

export const PauseBodySchema = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type PauseBody = Static<typeof PauseBodySchema>

/** Switchover and failover answer when the operation ended; `?wait=false` answers 202 at once. */
export const OperationReplySchema = Type.Object({ operation: OperationViewSchema })
export type OperationReply = Static<typeof OperationReplySchema>

/** `wait=false`: answer 202 as soon as the operation is accepted. */
export const OperationQuerySchema = Type.Object({
  wait: Type.Optional(Type.Boolean({ default: true }))
}, { additionalProperties: false })
