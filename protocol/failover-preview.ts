// What a failover by hand would do now, and lose: GET /v1/clusters/:cluster/failover/preview.
import { Type, type Static } from 'typebox'

const NullableString = Type.Union([Type.String(), Type.Null()])

export const FailoverPreviewQuerySchema = Type.Object({
  to: Type.Optional(Type.String({ description: 'The node to promote; the best copy when absent' })),
  force: Type.Optional(Type.Boolean({ description: 'Also a node that is not in sync, or that operators ruled out' }))
}, { additionalProperties: false })
export type FailoverPreviewQuery = Static<typeof FailoverPreviewQuerySchema>

/** Nothing of it is done. */
export const FailoverPreviewSchema = Type.Object({
  cluster: Type.String(),
  /** Null: it would begin. */
  refusal: Type.Union([Type.Object({ code: Type.String(), message: Type.String(), hint: Type.String() }), Type.Null()]),
  /** Who served last, as far as anybody knows. */
  from: NullableString,
  to: NullableString,
  /** With force: what would be lost. */
  why: Type.String(),
  /** What nobody can tell now, and why. */
  unknown: Type.Array(Type.String()),
  /** All data nodes, best first. */
  candidates: Type.Array(Type.Object({
    node: Type.String(),
    verdict: Type.Union([Type.Literal('chosen'), Type.Literal('eligible'), Type.Literal('refused')]),
    code: NullableString,
    why: Type.String(),
    /** What is known to be missing on it; null: nothing. */
    lacks: NullableString,
    position: Type.Union([Type.Object({ term: Type.Integer(), sequence: Type.Integer() }), Type.Null()])
  }))
})
export type FailoverPreview = Static<typeof FailoverPreviewSchema>
