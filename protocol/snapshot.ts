// Snapshots: verified, compressed copies of all databases of a cluster at one time, kept by the node that took them.
import { Type, type Static } from 'typebox'

/** `20260102-033000-NODE`: time in UTC, and the node that has it. */
export const SnapshotIdSchema = Type.String({ pattern: '^[0-9]{8}-[0-9]{6}-[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$' })

const SnapshotDatabaseSchema = Type.Object({
  server: Type.String(),
  database: Type.String(),
  schemaVersion: Type.String(),
  /** Within the directory of the snapshot. */
  file: Type.String(),
  /** Compressed, as it is on disk. */
  fileBytes: Type.Integer({ minimum: 0 }),
  contentBytes: Type.Integer({ minimum: 0 }),
  contentSha256: Type.String(),
  rowEntries: Type.Integer({ minimum: 0 })
}, { additionalProperties: false })
export type SnapshotDatabase = Static<typeof SnapshotDatabaseSchema>

/** Everything a reader of a snapshot needs to know; stored in its directory as `snapshot.json`. */
export const SnapshotSchema = Type.Object({
  id: SnapshotIdSchema,
  cluster: Type.String(),
  node: Type.String(),
  takenAt: Type.String({ description: 'ISO 8601, UTC' }),
  /** What the node was then. */
  as: Type.Enum(['active', 'backup']),
  actor: Type.String(),
  reason: Type.String(),
  directory: Type.String(),
  databases: Type.Array(SnapshotDatabaseSchema)
}, { additionalProperties: false })
export type Snapshot = Static<typeof SnapshotSchema>

const DEADLINE = Type.Integer({ minimum: 1, maximum: 3_600_000 })

export const SnapshotRequestSchema = Type.Object({
  as: Type.Enum(['active', 'backup'], { description: 'What the node is to be at that moment; refused otherwise' }),
  actor: Type.String({ maxLength: 64 }),
  reason: Type.String({ maxLength: 256 }),
  /** One that must not go to make room: it is about to be restored. */
  spare: Type.Optional(SnapshotIdSchema),
  deadlineMs: DEADLINE
}, { additionalProperties: false })
export type SnapshotRequest = Static<typeof SnapshotRequestSchema>

/** `hook`: how the program of `snapshots.hook` ended; null where there is none. */
export const SnapshotReplySchema = Type.Object({
  snapshot: SnapshotSchema,
  hook: Type.Union([Type.Object({ ok: Type.Boolean(), detail: Type.String() }, { additionalProperties: false }), Type.Null()]),
  /** What had to go to stay within the limits. */
  removed: Type.Array(SnapshotIdSchema)
}, { additionalProperties: false })
export type SnapshotReply = Static<typeof SnapshotReplySchema>

/** `problems`: directories that look like a snapshot and cannot be read as one, in words. */
export const SnapshotListSchema = Type.Object({
  snapshots: Type.Array(SnapshotSchema),
  problems: Type.Array(Type.String())
}, { additionalProperties: false })
export type SnapshotList = Static<typeof SnapshotListSchema>

export const SnapshotVerifyRequestSchema = Type.Object({ deadlineMs: DEADLINE }, { additionalProperties: false })
export type SnapshotVerifyRequest = Static<typeof SnapshotVerifyRequestSchema>

/** Empty `problems`: it was read back whole, and Open vSwitch's own tool loads every database of it. */
export const SnapshotVerdictSchema = Type.Object({ snapshot: SnapshotSchema, problems: Type.Array(Type.String()) }, { additionalProperties: false })
export type SnapshotVerdict = Static<typeof SnapshotVerdictSchema>

/** POST /v1/clusters/:cluster/snapshots of a controller. */
export const TakeSnapshotBodySchema = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type TakeSnapshotBody = Static<typeof TakeSnapshotBodySchema>

/** What all data nodes have, newest first. */
export const ClusterSnapshotsSchema = Type.Object({
  snapshots: Type.Array(SnapshotSchema),
  /** Nodes that were not heard, and what cannot be read as a snapshot, in words. */
  problems: Type.Array(Type.String())
})
export type ClusterSnapshots = Static<typeof ClusterSnapshotsSchema>
