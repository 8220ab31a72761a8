// Mistakes in who votes, and in how that is changed.
import type { Mutant } from './mutants.ts'

const LIST = 'agent/core/voter-list.ts'
const VOTER = 'agent/core/voter.ts'
const CHANGE = 'controller/core/change-voters.ts'
const PROTOCOL = 'protocol/voter-list.ts'

const BOTH_MAJORITIES = 'isMajority(change.from, accepting) && isMajority(change.next, accepting)'

export const voterMutants: readonly Mutant[] = [
  {
    name: 'only a majority of the old voters accepts the new list',
    rule: 'S11',
    sentence: 'They are the ones who vote.',
    changes: [{ file: CHANGE, text: BOTH_MAJORITIES, replacement: 'isMajority(change.from, accepting)' }]
  },
  {
    name: 'only a majority of the new voters accepts the new list',
    rule: 'S11',
    sentence: 'They are the ones who will vote.',
    changes: [{ file: CHANGE, text: BOTH_MAJORITIES, replacement: 'isMajority(change.next, accepting)' }]
  },
  {
    name: 'the proposed list is not stored',
    rule: 'S11',
    sentence: 'It is stored when it counts.',
    changes: [{ file: VOTER, text: 'voters !== record.voters || request.next !== undefined', replacement: 'voters !== record.voters' }]
  },
  {
    name: 'the stored list is forgotten at a restart',
    rule: 'S11',
    sentence: 'The file says who votes.',
    changes: [{ file: 'agent/core/unit.ts', text: 'return record.voters.generation === 0 ?', replacement: 'return true ?' }]
  },
  {
    name: 'a voter answers whoever counts by an older list',
    rule: 'S11',
    sentence: 'It will hear of the newer one from somebody else.',
    changes: [{ file: LIST, text: 'return { refusal: \'olderVoters\', voters: own }', replacement: 'return { refusal: null, voters: own }' }]
  },
  {
    name: 'a voter accepts a term by a newer list and does not store that list',
    rule: 'S11',
    sentence: 'The holder will tell it. (That the next change does not begin before the former one is settled rests on this.)',
    changes: [{ file: VOTER, text: 'return accepted({ record: propose(withVoters(taken, voters), request), grants }', replacement: 'return accepted({ record: propose(taken, request), grants }' }]
  },
  {
    name: 'a voter is replaced in one step',
    rule: 'S11',
    sentence: 'The number of voters stays the same. (Voters and the active refuse it, so that is broken as well.)',
    changes: [
      { file: CHANGE, text: '[...from.names, node].toSorted()', replacement: '[...from.names.slice(1), node].toSorted()' },
      { file: PROTOCOL, text: 'return next.generation === list.generation + 1 && longer', replacement: 'return next.generation === list.generation + 1 || longer' }
    ]
  },
  {
    name: 'a change that was begun before is passed over',
    rule: 'S11',
    sentence: 'Its controller is gone, and so is it.',
    changes: [{ file: CHANGE, text: 'proposed.toSorted((a, b) => b.term - a.term)[0]?.voters ?? wanted', replacement: 'proposed.slice(proposed.length)[0]?.voters ?? wanted' }]
  },
  {
    name: 'a forced quorum goes on in the next term that is known',
    rule: 'S11',
    sentence: 'What the lost voters accepted is lost with them.',
    changes: [{ file: 'controller/core/force-quorum.ts', text: 'const term = known + AHEAD', replacement: 'const term = highestTerm(state).term + 1' }]
  },
  {
    name: 'whoever is in the file counts',
    rule: 'S11',
    sentence: 'A yes is a yes.',
    changes: [{ file: PROTOCOL, text: 'return list.names.filter(name => voters.includes(name)).length >= listQuorum(list)', replacement: 'return voters.length >= listQuorum(list)' }]
  }
]
