import { Type, type Static } from 'typebox'
import { PositionSchema } from './position.ts'
import { GrantSchema, HeardSchema, HolderTermSchema } from './vote.ts'
import { VoterListSchema } from './voter-list.ts'

export const HEALTHS = ['up', 'busy', 'hung', 'down', 'unknown'] as const
export type Health = typeof HEALTHS[number]
export const SERVER_ROLES = ['active', 'backup', 'unknown'] as const
export type ServerRole = typeof SERVER_ROLES[number]

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** One ovsdb-server as its agent sees it. */
export const ServerReportSchema = Type.Object({
  name: Type.String(),
  database: Type.String(),
  health: Type.Enum(HEALTHS),
  /** Why it is not `up`, in words. */
  reason: Nullable(Type.String()),
  /** It is busy, and has been for longer than `timing.busyAfter`: to be relieved when a backup can take over. */
  overdue: Type.Boolean(),
  role: Type.Enum(SERVER_ROLES),
  /** The source it follows (`tcp:10.0.0.1:16641`), null when none but the placeholder. */
  source: Nullable(Type.String()),
  replication: Type.Union([Type.Literal('none'), Type.Literal('connecting'), Type.Literal('replicating')]),
  /** The copy is whole: no resync is under way or was cut off, no record is missing (S6). */
  complete: Type.Boolean(),
  incompleteReason: Nullable(Type.String()),
  position: Nullable(PositionSchema),
  /** The user database holds at least one row. */
  hasRows: Type.Boolean(),
  pid: Nullable(Type.Integer()),
  version: Nullable(Type.String()),
  fileBytes: Type.Integer({ minimum: 0 }),
  gateOpen: Type.Boolean()
}, { additionalProperties: false })
export type ServerReport = Static<typeof ServerReportSchema>

/**
 * What the unit of servers on this node is doing.
 * `resuming`: the agent restarted and asks for the lease of its own term again before it touches anything.
 */
export const PHASES = ['starting', 'witness', 'resuming', 'backup', 'acquiring', 'promoting', 'active', 'handingOver', 'stopping'] as const
export type Phase = typeof PHASES[number]

export const ProblemSchema = Type.Object({
  code: Type.String(),
  message: Type.String(),
  server: Nullable(Type.String())
}, { additionalProperties: false })
/** Something an operator should know about this node; present as long as it is true. */
export type Problem = Static<typeof ProblemSchema>

export const COMPANION_STATES = ['unknown', 'stopped', 'running', 'ill'] as const

/** A service that runs only where the active is. */
export const CompanionReportSchema = Type.Object({
  name: Type.String(),
  /** As the last look found it; `ill`: it runs and its check fails. */
  state: Type.Enum(COMPANION_STATES),
  /** This node serves, so it shall run here. */
  wanted: Type.Boolean(),
  /** Without it there is no promotion. */
  required: Type.Boolean(),
  pid: Nullable(Type.Integer()),
  /** Why it does not run as it should, or could not be stopped. */
  problem: Nullable(Type.String())
}, { additionalProperties: false })
export type CompanionReport = Static<typeof CompanionReportSchema>

export const RescueUsageSchema = Type.Object({
  files: Type.Integer({ minimum: 0 }),
  bytes: Type.Integer({ minimum: 0 }),
  /** Those that hold, or may hold, what the active lacks, and that nobody has acknowledged. */
  unacknowledgedFiles: Type.Integer({ minimum: 0 })
}, { additionalProperties: false })

/** The whole state of one cluster on one node; sent in full, at once on each change and as a heartbeat. */
export const ReportSchema = Type.Object({
  cluster: Type.String(),
  node: Type.String(),
  /** New with every start of the agent. */
  bootId: Type.String(),
  /** Grows with every report of one boot. */
  sequence: Type.Integer({ minimum: 0 }),
  /** A digest of the cluster's configuration: nodes whose files differ are told apart. */
  configDigest: Type.String(),
  phase: Type.Enum(PHASES),
  voter: Type.Object({
    /** Null: it votes. Otherwise why it cannot. */
    problem: Nullable(Type.String()),
    term: Type.Integer({ minimum: 0 }),
    holder: Nullable(Type.String()),
    /** The holder gave this term back; `served` tells whether its gate was ever open in it. */
    released: Nullable(Type.Object({ served: Type.Boolean() }, { additionalProperties: false })),
    /** This voter granted a lease in that term (or restarted since and cannot know): its holder may have served in it. */
    granted: Type.Boolean(),
    /** The last heartbeat that the holder of the term told with a lease request. */
    sequence: Type.Integer({ minimum: 0 }),
    /** The highest earlier term in which somebody may have served. */
    previous: Nullable(HolderTermSchema),
    /** The ones before it, newest first: they count when it turns out that nobody served in it. */
    earlier: Type.Optional(Type.Array(HolderTermSchema)),
    /** The last heartbeat that this voter heard of in an earlier term: whoever wrote it did serve. */
    heard: Nullable(HeardSchema),
    /** Who votes, as this voter has stored it (S11); null when it cannot vote. */
    voters: Nullable(VoterListSchema),
    /** Nodes that this agent met since it started, by the list of voters that counts, with no change of it begun: it may go on without one of them (S9). */
    met: Type.Array(Type.String()),
    grants: Type.Array(GrantSchema)
  }, { additionalProperties: false }),
  lease: Type.Object({
    /** The term that this node holds or asks for; 0 when none. */
    term: Type.Integer({ minimum: 0 }),
    held: Type.Boolean(),
    remainingMs: Type.Number({ minimum: 0 }),
    /** The last term that this node gave back. */
    releasedTerm: Type.Integer({ minimum: 0 }),
    releasedServed: Type.Boolean(),
    /** The servers that lived on when it gave that term back, since another one had died: each gets the term's last marker. Absent: none. */
    marked: Type.Optional(Type.Array(Type.String())),
    /** The generation of the newest list of voters whose majority granted it; 0 for none, also while one of two is left out. */
    votersGeneration: Type.Integer({ minimum: 0 }),
    /** The other one of two voters, which is not counted in this term, since it was certainly off (S9); null: all count. */
    without: Nullable(Type.String())
  }, { additionalProperties: false }),
  servers: Type.Array(ServerReportSchema),
  /** The node that this node's servers follow, null when none. */
  following: Nullable(Type.String()),
  endpoints: Type.Array(Type.Object({
    address: Type.String(),
    held: Type.Boolean()
  }, { additionalProperties: false })),
  guard: Type.Object({
    /** As the file says. */
    kind: Type.Union([Type.Literal('nftables'), Type.Literal('none')]),
    /** Without a guard the kernel still takes the virtual addresses away at the end of the lease; false where there are none. */
    vipLifetime: Type.Boolean(),
    slackMs: Type.Integer({ minimum: 0 }),
    problem: Nullable(Type.String())
  }, { additionalProperties: false }),
  rescues: RescueUsageSchema,
  /** In the order in which they start. Absent: the cluster has none. */
  companions: Type.Optional(Type.Array(CompanionReportSchema)),
  problems: Type.Array(ProblemSchema)
}, { additionalProperties: false })
export type Report = Static<typeof ReportSchema>

/** One happening on a node, sent once on each report stream (`event: happening`). */
export const HappeningSchema = Type.Object({
  cluster: Type.String(),
  node: Type.String(),
  /** With the cluster, the node and the boot, `sequence` is this happening and no other: whoever hears of it twice can tell. */
  bootId: Type.String(),
  /** Grows by one with every happening of one cluster in one boot. */
  sequence: Type.Integer({ minimum: 1 }),
  kind: Type.String(),
  message: Type.String(),
  facts: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]))
}, { additionalProperties: false })
export type Happening = Static<typeof HappeningSchema>
