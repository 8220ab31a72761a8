// How the copies of two nodes differ, row by row: what a forced failover to one of them would lose of the other.
import { Type, type Static } from 'typebox'
import { TableDifferenceSchema } from './rescue.ts'

const NullableString = Type.Union([Type.String(), Type.Null()])

/** What a controller asks the agent of the node that would be promoted: compare your own copy with that node's. */
export const CompareBodySchema = Type.Object({ source: Type.String({ minLength: 1, maxLength: 32 }) }, { additionalProperties: false })
export type CompareBody = Static<typeof CompareBodySchema>

export const CopyComparisonSchema = Type.Object({
  /** Whose rows were looked for. */
  source: Type.String(),
  databases: Type.Array(Type.Object({
    server: Type.String(),
    database: Type.String(),
    /** Why the two could not be compared: then nothing is known of these rows. */
    problem: NullableString,
    /** Tables that differ. Missing: only the source has it, so it would be lost. Extra: only the node that would be promoted has it. */
    tables: Type.Array(TableDifferenceSchema)
  }, { additionalProperties: false }))
}, { additionalProperties: false })
export type CopyComparison = Static<typeof CopyComparisonSchema>

/** POST /v1/clusters/:cluster/failover/compare. */
export const CompareCopiesBodySchema = Type.Object({
  to: Type.String({ minLength: 1, maxLength: 32, description: 'The node that would be promoted' })
}, { additionalProperties: false })
export type CompareCopiesBody = Static<typeof CompareCopiesBodySchema>

/** With each other data node; `problem`: the node that would be promoted could not be asked. */
export const CopyComparisonsSchema = Type.Object({
  to: Type.String(),
  sources: Type.Array(Type.Object({ ...CopyComparisonSchema.properties, problem: NullableString }, { additionalProperties: false }))
}, { additionalProperties: false })
export type CopyComparisons = Static<typeof CopyComparisonsSchema>
