// Planned restarts of all servers of a cluster, node by node: what would happen, what happens, and what was asked for.
import { Type, type Static } from 'typebox'

const NullableString = Type.Union([Type.String(), Type.Null()])

/** What operators ask for in a body. */
export const UpgradeBodySchema = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type UpgradeBody = Static<typeof UpgradeBodySchema>

export const UpgradeRunBodySchema = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 256 })),
  convert: Type.Optional(Type.Boolean({ description: 'Also take a snapshot, and convert each database to the schema file of its node' })),
  cutOver: Type.Optional(Type.Boolean({ description: 'To schemas that the old ones cannot replicate into: one way, and no backup can take over meanwhile' })),
  confirm: Type.Optional(Type.String({ description: 'With cutOver: the name of the cluster, by who has read what it costs' }))
}, { additionalProperties: false })
export type UpgradeRunBody = Static<typeof UpgradeRunBodySchema>

export const UPGRADE_STAGES = ['running', 'stopped', 'done'] as const

/** One step of the plan, in its order. A node that serves is restarted after the service has moved away from it. */
export const UpgradeStepSchema = Type.Object({
  action: Type.Union([Type.Literal('restart'), Type.Literal('switchover'), Type.Literal('convert')]),
  /** Whose servers are restarted, who ceases to serve, or who converts its databases while it serves. */
  node: Type.String(),
  state: Type.Union([Type.Literal('done'), Type.Literal('running'), Type.Literal('waiting')])
})
export type UpgradeStep = Static<typeof UpgradeStepSchema>

/** GET /v1/clusters/:cluster/upgrade: the rolling restart that runs, or the last one. */
export const UpgradeViewSchema = Type.Object({
  /** Null: there never was one. */
  upgrade: Type.Union([Type.Object({
    id: Type.String({ description: 'When it began, ISO 8601 in UTC' }),
    by: Type.String(),
    reason: Type.String(),
    /** Servers whose databases are converted on the way. */
    converts: Type.Array(Type.String()),
    stage: Type.Enum(UPGRADE_STAGES),
    /** Why it was stopped; null unless it was. */
    why: NullableString,
    /** What is waited for now; null when nothing is. */
    waitsFor: NullableString,
    steps: Type.Array(UpgradeStepSchema)
  }), Type.Null()])
})
export type UpgradeView = Static<typeof UpgradeViewSchema>

export const DatabaseCheckSchema = Type.Object({
  database: Type.String(),
  /** Of the schema that the server has now. */
  version: NullableString,
  /** As the schema's author wrote it into the file; null where none is. */
  checksum: NullableString,
  /** Of every column's type: databases with the same one hold the same rows. */
  digest: Type.String(),
  /** The schema file of the configuration: what a new database would get, and what a conversion would bring. */
  file: Type.Union([Type.Object({ path: Type.String(), version: NullableString, checksum: NullableString, digest: NullableString, problem: NullableString }), Type.Null()])
})
export type DatabaseCheck = Static<typeof DatabaseCheckSchema>

export const ServerCheckSchema = Type.Object({
  server: Type.String(),
  run: Type.Enum(['process', 'systemd', 'attach']),
  version: NullableString,
  /** What a restart would bring; null where nobody can tell before. */
  installed: NullableString,
  problem: NullableString,
  databases: Type.Array(DatabaseCheckSchema)
})

export const NodeCheckSchema = Type.Object({
  node: Type.String(),
  active: Type.Boolean(),
  /** Why it could not be asked; it then has no servers here. */
  problem: NullableString,
  servers: Type.Array(ServerCheckSchema)
})
export type NodeCheck = Static<typeof NodeCheckSchema>

/** GET /v1/clusters/:cluster/upgrade/check */
export const UpgradeCheckSchema = Type.Object({
  nodes: Type.Array(NodeCheckSchema),
  /** Copies that cannot hold what another one has, by column type; empty when each can follow each. */
  mismatches: Type.Array(Type.Object({ database: Type.String(), from: Type.String(), to: Type.String(), differences: Type.Array(Type.String()) })),
  /** What `run` would do, in its order. */
  steps: Type.Array(UpgradeStepSchema),
  /** Why `run` would be refused now, and what to do; empty when it would begin. */
  refusals: Type.Array(Type.Object({ why: Type.String(), help: Type.String() })),
  /** What is worth knowing before. */
  notes: Type.Array(Type.String())
})
export type UpgradeCheck = Static<typeof UpgradeCheckSchema>
