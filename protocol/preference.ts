// How much operators want a node to be the next active: POST /v1/clusters/:cluster/nodes/:node/preference.
import { Type, type Static } from 'typebox'

export const PREFERENCES = ['prefer', 'neutral', 'avoid', 'never'] as const
export type Preference = typeof PREFERENCES[number]

export const PREFERENCE_REASON_LENGTH_MAX = 256
/** Whoever means it for longer sets it without an end. */
export const PREFERENCE_MS_MAX = 366 * 24 * 3_600_000

export const PreferenceBodySchema = Type.Object({
  preference: Type.Enum(PREFERENCES, { description: 'Among nodes with the same data `prefer` comes first and `avoid` last; `never` is promoted by a forced failover only; `neutral` ends any of them' }),
  forMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: PREFERENCE_MS_MAX, description: 'Neutral again after so long' })),
  until: Type.Optional(Type.String({ maxLength: 40, description: 'Neutral again at that time: ISO 8601 with its offset, such as 2026-01-02T03:04:05Z' })),
  reason: Type.Optional(Type.String({ maxLength: PREFERENCE_REASON_LENGTH_MAX }))
}, { additionalProperties: false })
export type PreferenceBody = Static<typeof PreferenceBodySchema>

/** What operators want of a node; a node of which they want nothing has none. */
export const PreferenceViewSchema = Type.Object({
  preference: Type.Union([Type.Literal('prefer'), Type.Literal('avoid'), Type.Literal('never')]),
  by: Type.String(),
  at: Type.String(),
  /** When it ends by itself; null: when somebody ends it. */
  until: Type.Union([Type.String(), Type.Null()]),
  reason: Type.String()
})
export type PreferenceView = Static<typeof PreferenceViewSchema>
