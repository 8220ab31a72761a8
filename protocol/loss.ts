// What an unplanned change of the active lost: counted when the node that served before is back and both copies can be read.
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { DifferenceCountsSchema, type DifferenceCounts, type Finding, sumOf } from './rescue.ts'

/** The happening by which an agent tells it; once for each server and reign, and again where following was begun again. */
export const LOSS_COUNTED = 'lossCounted'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** One server's part of it, as the facts of the happening and in the record of the change. */
export const LossSchema = Type.Object({
  server: Type.String(),
  /** The last term in which this node wrote into the database. */
  wroteTerm: Type.Integer({ minimum: 0 }),
  /** The node that it was compared with: the one that serves now. */
  active: Type.String(),
  ...DifferenceCountsSchema.properties,
  /** Why it could not be compared: then the numbers are 0, and anything may be lost. */
  problem: Nullable(Type.String()),
  /** The rescue that has the rows; null where there was no difference. */
  rescue: Nullable(Type.String())
}, { additionalProperties: false })
export type Loss = Static<typeof LossSchema>

/** In the record of the change. */
export const LossViewSchema = Type.Object({ at: Type.String(), node: Type.String(), ...LossSchema.properties }, { additionalProperties: false })
export type LossView = Static<typeof LossViewSchema>

export interface Reign {
  readonly server: string
  readonly wroteTerm: number
  readonly active: string
  readonly rescue: string | null
}

export function lossOf ({ server, wroteTerm, active, rescue }: Reign, { problem, tables }: Finding): Loss {
  return { server, wroteTerm, active, ...sumOf(tables), problem, rescue }
}

/** Null for what tells of something else. */
export function lossIn ({ kind, facts }: { readonly kind: string, readonly facts: unknown }): Loss | null {
  return kind === LOSS_COUNTED && Value.Check(LossSchema, facts) ? facts : null
}

export function isLoss ({ problem, missingRows, changedRows }: DifferenceCounts & Pick<Loss, 'problem'>): boolean {
  return problem !== null || missingRows + changedRows > 0
}

/** `nb: b lacks 3 rows, and has 1 otherwise (rescue a-0123abcd)`. */
export function lossInWords (loss: Loss): string {
  const { server, active, missingRows, changedRows, extraRows, problem, rescue } = loss
  const kept = rescue === null ? '' : ` (rescue ${rescue})`
  if (problem !== null) return `${server}: not known, since it could not be compared with ${active}: ${problem}${kept}`
  const more = extraRows === 0 ? '' : `; ${extraRows} rows are there only, written since or deleted before`
  if (!isLoss(loss)) return `${server}: nothing, ${active} has every row of it${more}${kept}`
  return `${server}: ${active} lacks ${missingRows} rows, and has ${changedRows} otherwise${more}${kept}`
}
