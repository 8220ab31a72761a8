// What a controller asks of an agent that has nothing to do with who serves.
import { Type, type Static } from 'typebox'

/** POST /v1/clusters/:cluster/compact: answered when every database of the node was compacted. */
export const CompactRequestSchema = Type.Object({
  as: Type.Enum(['active', 'backup'], { description: 'What the node is to be at that moment; refused otherwise' }),
  deadlineMs: Type.Integer({ minimum: 1, maximum: 600_000 })
}, { additionalProperties: false })
export type CompactRequest = Static<typeof CompactRequestSchema>

export const CompactReplySchema = Type.Object({
  databases: Type.Array(Type.Object({
    server: Type.String(),
    database: Type.String(),
    beforeBytes: Type.Integer({ minimum: 0 }),
    afterBytes: Type.Integer({ minimum: 0 }),
    durationMs: Type.Number({ minimum: 0 })
  }, { additionalProperties: false }))
}, { additionalProperties: false })
export type CompactReply = Static<typeof CompactReplySchema>
