// Switchovers for a set time, and what one would do now: /v1/clusters/:cluster/planned-switchovers and …/preview.
import { Type, type Static } from 'typebox'

const NullableString = Type.Union([Type.String(), Type.Null()])

/** More of them than anybody plans, and few enough to be read. */
export const PLANNED_SWITCHOVERS_MAX = 16
export const PLANNED_WITHIN_DEFAULT_MS = 60_000
export const PLANNED_AHEAD_MAX_MS = 366 * 24 * 3_600_000

export const PlanBodySchema = Type.Object({
  at: Type.String({ maxLength: 40, description: 'When: ISO 8601 with its offset, such as 2026-01-02T03:04:05Z' }),
  to: Type.Optional(Type.String({ description: 'Node to promote; the best candidate at that time when absent' })),
  withinMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 24 * 3_600_000, default: PLANNED_WITHIN_DEFAULT_MS, description: 'It may begin so much later when it cannot begin at its time; after that it is missed' })),
  reason: Type.Optional(Type.String({ maxLength: 256 }))
}, { additionalProperties: false })
export type PlanBody = Static<typeof PlanBodySchema>

export const PlannedSwitchoverSchema = Type.Object({
  id: Type.String(),
  at: Type.String(),
  withinMs: Type.Integer(),
  to: NullableString,
  by: Type.String(),
  askedAt: Type.String(),
  reason: Type.String(),
  /** A leader has begun it; null: it waits. */
  begunAt: NullableString
})
export type PlannedSwitchover = Static<typeof PlannedSwitchoverSchema>

export const PlannedListSchema = Type.Object({ planned: Type.Array(PlannedSwitchoverSchema) })
export type PlannedList = Static<typeof PlannedListSchema>

export const PreviewQuerySchema = Type.Object({
  to: Type.Optional(Type.String({ description: 'The node to promote; the best candidate when absent' }))
}, { additionalProperties: false })
export type PreviewQuery = Static<typeof PreviewQuerySchema>

/** What a switchover would do now; nothing of it is done. */
export const SwitchoverPreviewSchema = Type.Object({
  cluster: Type.String(),
  /** Null: it would begin. */
  refusal: Type.Union([Type.Object({ code: Type.String(), message: Type.String(), hint: Type.String() }), Type.Null()]),
  from: NullableString,
  to: NullableString,
  why: Type.String(),
  /** All data nodes but the active, best first. */
  candidates: Type.Array(Type.Object({
    node: Type.String(),
    verdict: Type.Union([Type.Literal('chosen'), Type.Literal('eligible'), Type.Literal('refused')]),
    code: NullableString,
    why: Type.String(),
    lagHeartbeats: Type.Union([Type.Integer(), Type.Null()])
  })),
  steps: Type.Array(Type.String()),
  /** How long nobody served in the last switchovers of this cluster that were done: what to expect of this one. */
  outage: Type.Object({
    measuredAttempts: Type.Integer(),
    medianMs: Type.Union([Type.Number(), Type.Null()]),
    maxMs: Type.Union([Type.Number(), Type.Null()]),
    /** By then the old active serves again if the candidate has not caught up. */
    undoneAfterMs: Type.Integer()
  })
})
export type SwitchoverPreview = Static<typeof SwitchoverPreviewSchema>
