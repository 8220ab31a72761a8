// What runs on a node, and what a restart or a conversion would bring there.
import { Type, type Static } from 'typebox'
import type { DatabaseSchema } from './database-schema.ts'

const NullableString = Type.Union([Type.String(), Type.Null()])

/** As ovsdb-server and schema files write it; the agent has read it as JSON, and only its outline is checked. */
const SchemaSchema = Type.Unsafe<DatabaseSchema>(Type.Object({ name: Type.String(), tables: Type.Record(Type.String(), Type.Object({ columns: Type.Object({}) })) }))

export const DatabaseVersionSchema = Type.Object({
  database: Type.String(),
  /** What the running server has. */
  schema: SchemaSchema,
  /** The schema file of the configuration; null for the agent's own database. */
  file: Type.Union([Type.Object({
    path: Type.String(),
    schema: Type.Union([SchemaSchema, Type.Null()]),
    /** Why it cannot be read. */
    problem: NullableString
  }, { additionalProperties: false }), Type.Null()])
}, { additionalProperties: false })

export const ServerVersionSchema = Type.Object({
  server: Type.String(),
  run: Type.Enum(['process', 'systemd', 'attach']),
  /** What runs; null: it could not be asked. */
  version: NullableString,
  /** What the program would be that a restart starts; null where nobody can tell before it runs. */
  installed: NullableString,
  /** Why one of these is not known. */
  problem: NullableString,
  databases: Type.Array(DatabaseVersionSchema)
}, { additionalProperties: false })
export type ServerVersion = Static<typeof ServerVersionSchema>

/** GET /v1/clusters/:cluster/versions of an agent. */
export const NodeVersionsSchema = Type.Object({ servers: Type.Array(ServerVersionSchema) }, { additionalProperties: false })
export type NodeVersions = Static<typeof NodeVersionsSchema>
