// What a voter makes of the list that a request counts by (S11). Whoever counts by an older list than a voter knows gets
// nothing from it: so once a majority knows a newer one, no majority of the older one is left.
import { isNextList, isSameList, type VoterList } from '../../protocol/voter-list.ts'
import type { TermRequest } from '../../protocol/vote.ts'
import type { VoterRecord } from './voter.ts'

/** Nothing was stored yet: the list of the file is taken instead (`bootUnit`). */
export const NO_LIST: VoterList = { generation: 0, names: [] }

export type Judged =
  | { readonly refusal: null, readonly voters: VoterList }
  | { readonly refusal: 'olderVoters' | 'votersDiffer', readonly voters: VoterList }

/** The list that this voter stores with its answer; its own object when nothing new was told. */
export function judgeList (name: string, { term, voters: own }: VoterRecord, asked: VoterList): Judged {
  if (asked.generation > own.generation) return { refusal: null, voters: asked }
  if (asked.generation < own.generation) return { refusal: 'olderVoters', voters: own }
  if (isSameList(own, asked)) return { refusal: null, voters: own }
  // it never voted, and nobody counts on its vote: it is about to join, and its file names it already
  if (term === 0 && !asked.names.includes(name)) return { refusal: null, voters: asked }
  return { refusal: 'votersDiffer', voters: own }
}

/** The record with the list that counts from now on; a proposal that is not about what comes after it is over. */
export function withVoters (record: VoterRecord, voters: VoterList): VoterRecord {
  const { next } = record
  return { ...record, voters, next: next !== null && next.voters.generation > voters.generation ? next : null }
}

/** Whether a proposal may be stored: one voter more or less than the list that counts. */
export function mayPropose (voters: VoterList, next: VoterList | undefined): boolean {
  return next === undefined || isNextList(voters, next)
}

/** One term has one proposal, also from a controller that started anew and does not know what it proposed. */
export function isOtherProposal ({ next }: VoterRecord, request: TermRequest): boolean {
  return next !== null && request.next !== undefined && next.term === request.term && !isSameList(next.voters, request.next)
}
