// Who votes (S11). The list is what voters have stored, never what a file says; a newer one has a higher generation.
import { Type, type Static } from 'typebox'
import { quorumOf } from './cluster.ts'

/** More voters than anybody needs: each of them is asked for each renewal. */
export const VOTERS_MAX = 32

/** One generation has one set of names; a change adds or removes one name and counts the generation up. */
export const VoterListSchema = Type.Object({
  generation: Type.Integer({ minimum: 1 }),
  /** Sorted. */
  names: Type.Array(Type.String(), { minItems: 1, maxItems: VOTERS_MAX })
}, { additionalProperties: false })
export type VoterList = Readonly<Omit<Static<typeof VoterListSchema>, 'names'>> & { readonly names: string[] }

/** The list of a cluster whose voters have stored none yet: its file's, the first generation. */
export function firstList (names: readonly string[]): VoterList {
  return { generation: 1, names: names.toSorted() }
}

export function isSameList (a: VoterList, b: VoterList): boolean {
  return a.generation === b.generation && a.names.length === b.names.length && a.names.every(name => b.names.includes(name))
}

/** How many of these voters make a majority. */
export function listQuorum ({ names }: VoterList): number {
  return quorumOf(names.length)
}

/** Whether these are a majority of the list; whoever is not on it does not count. */
export function isMajority (list: VoterList, voters: readonly string[]): boolean {
  return list.names.filter(name => voters.includes(name)).length >= listQuorum(list)
}

/** Whether one list comes right after the other: the next generation, with one voter more or one less. */
export function isNextList (list: VoterList, next: VoterList): boolean {
  const [longer, shorter] = next.names.length > list.names.length ? [next, list] : [list, next]
  return next.generation === list.generation + 1 && longer.names.length === shorter.names.length + 1 &&
    shorter.names.every(name => longer.names.includes(name))
}

/** A list that was proposed in a term, and counts for nothing before majorities of it and of the one before accepted it there. */
export const ProposedListSchema = Type.Object({
  term: Type.Integer({ minimum: 1 }),
  voters: VoterListSchema
}, { additionalProperties: false })
export interface ProposedList { readonly term: number, readonly voters: VoterList }
