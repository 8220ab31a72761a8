// Mistakes in the leader's core: waiting, candidates, suspicion, pause.
import type { Mutant } from './mutants.ts'

const OPERATION = 'controller/core/operation.ts'
const CANDIDATE = 'controller/core/candidate.ts'
const FENCING = 'controller/core/fencing.ts'
const FLAPPING = 'controller/core/flapping.ts'
const DECIDE = 'controller/core/decide.ts'
const KNOWLEDGE = 'controller/core/knowledge.ts'
const PREFERENCE = 'controller/core/preference.ts'
const VIEW = 'controller/core/view.ts'
const BELIEF = 'protocol/position-belief.ts'

export const controllerMutants: readonly Mutant[] = [
  {
    name: 'a minority of the voters is enough for a term',
    rule: 'S1',
    sentence: 'One voter accepted it.',
    changes: [
      { file: OPERATION, text: 'return ends.toSorted((a, b) => a - b)[only === null ? listQuorum(voters) - 1 : 0] ?? null', replacement: 'return ends.toSorted((a, b) => a - b)[0] ?? null' },
      { file: OPERATION, text: 'if (!alone && !isMajority(voters, after.map(({ node }) => node))) {', replacement: 'if (false) {' },
      { file: 'agent/core/voter.ts', text: 'return same ? accepted', replacement: 'return true ? accepted' }
    ]
  },
  {
    name: 'the grants that run are not waited for, by nobody',
    rule: 'S3',
    sentence: 'The old holder is surely gone. (The leader alone may skip the wait, since the voters refuse while a grant runs; so both are broken here.)',
    changes: [
      { file: OPERATION, text: 'receivedAtMs + remainingMs + clockMarginMs(remainingMs)', replacement: 'receivedAtMs' },
      { file: 'agent/core/voter.ts', text: 'const others = grants.filter(grant => grant.holder !== request.holder)', replacement: 'const others: GrantState[] = grants.filter(() => false)' }
    ]
  },
  {
    name: 'grants that were never released are left out',
    rule: 'S3',
    sentence: 'An old term is over.',
    changes: [{ file: KNOWLEDGE, text: 'if (released !== null && holder !== null) found.set', replacement: 'for (const { holder: one, term: old } of report.voter.grants) if (one !== null) found.set(`${one} ${old}`, { holder: one, term: old, why: \'released\' })\n    if (released !== null && holder !== null) found.set' }]
  },
  {
    name: 'a node that ends in an older term is a candidate',
    rule: 'S6',
    sentence: 'It replicates, so it is in sync.',
    changes: [{ file: CANDIDATE, text: 'if (position === null || position.term < last.term) {', replacement: 'if (position === null) {' }]
  },
  {
    name: 'a heartbeat counts although the rows may not have arrived',
    rule: 'S6',
    sentence: 'The source writes both, and it says that it replicates.',
    changes: [{ file: BELIEF, text: 'if (connections !== null && connections === before.connections) return', replacement: 'if (before !== null) return' }]
  },
  {
    name: 'the lag is ignored',
    rule: 'S6',
    sentence: 'The term is the same.',
    changes: [{ file: CANDIDATE, text: 'if (!hasMarker && lag > config.cluster.timing.maxLagHeartbeats) {', replacement: 'if (false) {' }]
  },
  {
    name: 'what voters heard of the holder is ignored',
    rule: 'S6',
    sentence: 'The leader saw the last heartbeat itself.',
    changes: [{ file: 'controller/core/cluster.ts', text: 'newer(state.memory, toldByVoter(report))', replacement: 'state.memory' }]
  },
  {
    name: 'a holder that never served in its term counts as the last active',
    rule: 'S6',
    sentence: 'It was given the term, so it has the data.',
    changes: [{ file: CANDIDATE, text: 'if (last === null || last.holder === node) return null', replacement: 'if (last === null || lastServed(state)?.holder === node) return null' }]
  },
  {
    name: 'who served last is only what the store remembers',
    rule: 'S6',
    sentence: 'The leader saw it itself.',
    changes: [
      { file: KNOWLEDGE, text: 'if (voter.holder !== null && voter.term > 0 && voter.granted) claims', replacement: 'if (false && voter.holder !== null) claims' },
      { file: KNOWLEDGE, text: 'if (voter.previous !== null) claims', replacement: 'if (false && voter.previous !== null) claims' },
      { file: KNOWLEDGE, text: 'if (voter.heard !== null) claims', replacement: 'if (false && voter.heard !== null) claims' }
    ]
  },
  {
    name: 'the candidate is not checked again when the term was taken',
    rule: 'S6',
    sentence: 'It was in sync when it was chosen. (Voters that see somebody renew refuse most such terms, so that is broken as well.)',
    changes: [
      { file: OPERATION, text: 'if (lacks !== null) return end', replacement: 'if (false && lacks !== null) return end' },
      { file: 'agent/core/voter.ts', text: 'if (renewing !== undefined) return refuse', replacement: 'if (false && renewing !== undefined) return refuse' }
    ]
  },
  {
    name: 'a switchover does not wait for the marker',
    rule: 'S6',
    sentence: 'Replication is fast.',
    changes: [{ file: OPERATION, text: 'if (!closing.begin.done || !closing.marker.done) return', replacement: 'if (!closing.begin.done) return' }]
  },
  {
    name: 'lost sight is taken for a loss',
    rule: 'S1',
    sentence: 'No reports: it must be dead.',
    changes: [
      { file: DECIDE, text: 'if (silent.length < needed) {', replacement: 'if (false) {' },
      { file: DECIDE, text: '{ type: \'go\', reason: \'lost\', trigger: `${holder} is lost: no reports for', replacement: '{ type: \'go\', reason: \'released\', trigger: `${holder} is lost: no reports for' }
    ]
  },
  {
    name: 'a candidate that failed is tried again',
    rule: 'S8',
    sentence: 'It may work this time.',
    changes: [{ file: CANDIDATE, text: 'excluded.includes(name)', replacement: 'excluded.length < 0' }]
  },
  {
    name: 'of two voters one is enough',
    rule: 'S9',
    sentence: 'The other one is surely dead.',
    changes: [{ file: 'protocol/cluster.ts', text: 'return Math.floor(voters / 2) + 1', replacement: 'return voters === 2 ? 1 : Math.floor(voters / 2) + 1' }]
  },
  {
    name: 'the one that is left alone begins a failover',
    rule: 'S9',
    sentence: 'The voters will decide.',
    changes: [
      { file: DECIDE, text: 'if (voters < needed) {', replacement: 'if (voters === 0) {' },
      { file: DECIDE, text: 'if (silent.length < needed) {', replacement: 'if (silent.length < 1) {' }
    ]
  },
  {
    name: 'status promises a failover that two voters cannot carry out',
    rule: 'S9',
    sentence: 'The backup is in sync.',
    changes: [
      { file: VIEW, text: 'if (voters - 1 < quorum && alone !== null) return', replacement: 'if (voters < quorum) return' },
      { file: VIEW, text: 'if (left < (voters === 2 ? 1 : quorum)) return', replacement: 'if (left < 1) return' }
    ]
  },
  {
    name: 'a paused cluster is failed over',
    rule: 'S10',
    sentence: 'Somebody must serve.',
    changes: [{ file: DECIDE, text: 'if (state.paused !== null) return setHold', replacement: 'if (false && state.paused !== null) return setHold' }]
  },
  {
    name: 'a node that is locked out is refused although nobody else is left',
    rule: 'S6',
    sentence: 'It failed a moment ago.',
    changes: [{ file: CANDIDATE, text: ': unable(config, state, name, report) ?? ', replacement: ': unable(config, state, name, report) ?? (lockedOut(config, state, name, nowMs) === null ? null : { node: name, code: \'lockedOut\', message: name }) ?? ' }]
  },
  {
    name: 'a node that is never to be promoted is taken all the same',
    rule: 'S6',
    sentence: 'It has all the data.',
    changes: [{ file: CANDIDATE, text: ' ?? refusedByOperator(state, report.node, nowMs))', replacement: ')' }],
    mode: 'wishes'
  },
  {
    name: 'whom operators prefer comes before who has more',
    rule: 'S6',
    sentence: 'They said so.',
    changes: [{ file: CANDIDATE, text: 'return (a, b) => comparePositions(', replacement: 'return (a, b) => wish(b) - wish(a) || comparePositions(' }],
    mode: 'wishes'
  },
  {
    name: 'a node that operators avoid is refused although nobody else is left',
    rule: 'S6',
    sentence: 'They do not want it.',
    changes: [{ file: PREFERENCE, text: 'return found?.preference === \'never\' ?', replacement: 'return found !== null && found.preference !== \'prefer\' ?' }],
    mode: 'wishes'
  },
  {
    name: 'a failover is not counted',
    rule: 'S10',
    sentence: 'It was a good one.',
    changes: [{ file: FLAPPING, text: 'const open = [...recoveries.open, one].filter', replacement: 'const open = [...recoveries.open].filter' }]
  },
  {
    name: 'a new leader starts with a full budget',
    rule: 'S10',
    sentence: 'What the other one did is not its business.',
    changes: [{ file: 'controller/core/cluster.ts', text: 'recoveries: event.kept?.recoveries ?? state.recoveries }', replacement: 'recoveries: state.recoveries }' }]
  },
  {
    name: 'a fence device that failed is believed',
    rule: 'S3',
    sentence: 'It was told to.',
    changes: [{ file: FENCING, text: 'status: ok ? \'off\' as const : \'failed\' as const', replacement: 'status: \'off\' as const' }]
  },
  {
    name: 'a node is taken for off as soon as its device is asked',
    rule: 'S3',
    sentence: 'It will be off in a moment.',
    changes: [{ file: FENCING, text: 'if (fence?.status === \'off\') return', replacement: 'if (fence !== null && fence.status !== \'failed\') return' }]
  },
  {
    name: 'after a failed switchover terms are taken from whoever serves',
    rule: 'S1',
    sentence: 'The operator asked for it.',
    changes: [
      { file: OPERATION, text: '{ ...operation, term, reason: \'lost\' }', replacement: '{ ...operation, term }' },
      { file: OPERATION, text: 'to: best.node, reason: \'lost\', refused', replacement: 'to: best.node, refused' }
    ]
  }
]
