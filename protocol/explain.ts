// Why the controller decides, or decided, what it does: GET /v1/clusters/:cluster/explain.
import { Type, type Static } from 'typebox'
import { PositionSchema } from './position.ts'
import { HolderTermSchema } from './vote.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

export const ExplanationSchema = Type.Object({
  cluster: Type.String(),
  at: Type.String({ description: 'ISO 8601, UTC: the moment of the decision' }),
  decision: Type.Union([Type.Literal('serving'), Type.Literal('operation'), Type.Literal('hold'), Type.Literal('none')]),
  /** The decision in one sentence. */
  what: Type.String(),
  /** The safety rules that made it so, the deciding one first: what each says, and what it came from here. */
  rules: Type.Array(Type.Object({ rule: Type.String(), says: Type.String(), because: Type.String() })),
  inputs: Type.Object({
    controller: Type.String(),
    leading: Type.Boolean(),
    paused: Type.Boolean(),
    /** The highest term that any voter accepted, whose it is, and whether it was given back. */
    term: Type.Integer(),
    holder: Nullable(Type.String()),
    released: Type.Boolean(),
    lastServed: Nullable(HolderTermSchema),
    remembered: Nullable(Type.Object({ active: Type.String(), term: Type.Integer(), sequence: Type.Integer() })),
    voters: Type.Object({ answeringNodes: Type.Integer(), neededNodes: Type.Integer(), allNodes: Type.Integer() }),
    nodes: Type.Array(Type.Object({
      node: Type.String(),
      witness: Type.Boolean(),
      /** Since its last report; null: it never reported. */
      heardAgoMs: Nullable(Type.Integer()),
      reachable: Type.Boolean(),
      phase: Nullable(Type.String()),
      term: Type.Integer(),
      holder: Nullable(Type.String()),
      position: Nullable(PositionSchema),
      following: Nullable(Type.String()),
      complete: Type.Boolean(),
      /** Whom its voter saw renew, and how long before its last report. */
      renewals: Type.Array(Type.Object({ holder: Nullable(Type.String()), term: Type.Integer(), agoMs: Type.Integer() }))
    }))
  }),
  /** Every data node, best first, and why it was taken or not. */
  candidates: Type.Array(Type.Object({
    node: Type.String(),
    verdict: Type.Union([Type.Literal('chosen'), Type.Literal('eligible'), Type.Literal('active'), Type.Literal('refused')]),
    /** Of a refusal. */
    code: Nullable(Type.String()),
    why: Type.String()
  })),
  /** What was wrong at that moment: `name` or `name node`. */
  diagnoses: Type.Array(Type.String())
})
export type Explanation = Static<typeof ExplanationSchema>

/** `id`: of a history entry; without it, now. */
export const ExplainQuerySchema = Type.Object({
  id: Type.Optional(Type.Integer({ minimum: 1 }))
}, { additionalProperties: false })
