/** One search of the model: with which macros, and what it must find. */
export interface Variant {
  readonly name: string
  readonly rule: string
  /** The code as it is must hold; a mutant must be broken; what must be possible is asked for as if it were forbidden. */
  readonly expected: 'holds' | 'broken'
  readonly macros: readonly string[]
}

const BOUNDS = {
  /** A round can take a tick on its way, the kernel is late by one. */
  slow: ['TERMS=2', 'LEASE=2', 'SLACK=1'],
  /** One more change of the active; whatever happens between two ticks. */
  long: ['TERMS=3', 'LEASE=1', 'SLACK=0']
} as const

/** The code as it is, within bounds that complement each other; and where one of two redundant rules is switched off. */
export const RULES: readonly Variant[] = [
  { name: 'slow messages, late kernel, two terms', rule: 'S1-S4', expected: 'holds', macros: [...BOUNDS.slow, 'RESTARTS=0'] },
  { name: 'the same after the first start, a restart', rule: 'S1-S4', expected: 'holds', macros: [...BOUNDS.slow, 'RESTARTS=1', 'FROM_TERM_1'] },
  { name: 'two restarts, two terms', rule: 'S1-S4', expected: 'holds', macros: ['TERMS=2', 'LEASE=1', 'SLACK=0', 'RESTARTS=2', 'FROM_TERM_1'] },
  { name: 'three terms', rule: 'S1-S4', expected: 'holds', macros: [...BOUNDS.long, 'RESTARTS=0', 'FROM_TERM_1'] },
  { name: 'terms of lost holders only: nobody who renews is superseded', rule: 'S1', expected: 'holds', macros: [...BOUNDS.slow, 'RESTARTS=0', 'ONLY_LOST'] },
  { name: 'controllers that wait for nothing: the voters refuse', rule: 'S3', expected: 'holds', macros: [...BOUNDS.slow, 'RESTARTS=0', 'MUTANT', 'MUTANT_CONTROLLER_DOES_NOT_WAIT'] }
]

/** Minutes and most of a gigabyte: for a change of the protocol, by hand. */
export const DEEP: readonly Variant[] = [
  { name: 'three terms and a restart', rule: 'S1-S4', expected: 'holds', macros: [...BOUNDS.long, 'RESTARTS=1', 'FROM_TERM_1'] },
  { name: 'three terms, slow messages, late kernel', rule: 'S1-S4', expected: 'holds', macros: ['TERMS=3', 'LEASE=2', 'SLACK=1', 'RESTARTS=0', 'FROM_TERM_1'] }
]

/** What must be possible: a model in which nobody ever serves would keep every rule. */
export const POSSIBLE: readonly Variant[] = [
  possible('a failover from a node that was lost without a word', 'A_FAILOVER'),
  possible('a switchover that waits for nothing', 'A_SWITCHOVER'),
  possible('a promotion that fails and the next candidate', 'THE_NEXT_CANDIDATE'),
  possible('a restarted agent that resumes its term', 'A_RESUMED_TERM', 'RESTARTS=1'),
  possible('an active that goes on under a newer term', 'A_REASSERTED_TERM')
]

/** The mistakes of test/sim/mutants that are mistakes of the protocol, and those that this model found in the code. */
export const MUTANTS: readonly Variant[] = [
  mutant('S1', 'one voter is enough for a term', ['ONE_VOTER_IS_ENOUGH']),
  mutant('S1', 'a voter accepts a term for a second holder', ['VOTER_ACCEPTS_SECOND_HOLDER']),
  mutant('S1', 'a voter forgets its term when it restarts', ['RESTART_FORGETS_TERM'], 'RESTARTS=1'),
  mutant('S1', 'lost sight is taken for a loss', ['LOST_IS_BELIEVED'], 'ONLY_LOST'),
  mutant('S2', 'one grant is enough', ['ONE_GRANT_IS_ENOUGH']),
  mutant('S2', 'the lease is counted from the arrival of the grant', ['COUNTED_FROM_ARRIVAL']),
  mutant('S2', 'grants of old rounds count for the newest', ['OLD_ROUNDS_COUNT']),
  mutant('S2', 'a release is not stored', ['RELEASE_NOT_STORED'], 'RESTARTS=1'),
  mutant('S2', 'a term that was given back is taken up again', ['RELEASED_TERM_IS_TAKEN_UP']),
  { name: 'a voter grants while the grant of another runs', rule: 'S2', expected: 'broken', macros: [...BOUNDS.long, 'RESTARTS=0', 'FROM_TERM_1', 'MUTANT', 'MUTANT_VOTER_GRANTS_WHILE_ANOTHER_RUNS'] },
  mutant('S2', 'a voter grants an older term, while the grant of another runs', ['VOTER_GRANTS_OLDER_TERM', 'VOTER_GRANTS_WHILE_ANOTHER_RUNS']),
  mutant('S2', 'a voter grants a second holder of a term, while the grant of another runs', ['VOTER_GRANTS_SECOND_HOLDER', 'VOTER_GRANTS_WHILE_ANOTHER_RUNS']),
  mutant('S3', 'nobody waits for the grants that run', ['VOTER_GRANTS_WHILE_ANOTHER_RUNS', 'CONTROLLER_DOES_NOT_WAIT']),
  mutant('S3', 'a restarted voter says that it granted nothing', ['RESTART_SAYS_NO_GRANT'], 'RESTARTS=1'),
  mutant('S3', 'a restarted voter forgets the grants of earlier terms', ['RESTART_FORGETS_EARLIER_TERMS'], 'RESTARTS=1'),
  mutant('S3', 'grants are left out that were not given back', ['LEFT_OUT_WITHOUT_RELEASE']),
  mutant('S3', 'the hold has no margin for clock rates', ['NO_MARGIN']),
  mutant('S3', 'a resumed term that ends is certain to be shut at once', ['RESUMED_STOP_IS_CERTAIN_AT_ONCE'], 'RESTARTS=1'),
  mutant('S4', 'the slack of the guard is not declared', ['SLACK_NOT_DECLARED']),
  mutant('S4', 'the guard does not end by itself', ['NO_GUARD']),
  mutant('S4', 'a term is given back before its gate is shut', ['GIVEN_BACK_BEFORE_SHUT'])
]

function possible (name: string, condition: string, ...more: readonly string[]): Variant {
  return { name, rule: '', expected: 'broken', macros: [...BOUNDS.slow, ...(more.length === 0 ? ['RESTARTS=0'] : more), `REACH=${condition}`] }
}

function mutant (rule: string, name: string, mistakes: readonly string[], ...more: readonly string[]): Variant {
  return { name, rule, expected: 'broken', macros: [...BOUNDS.slow, ...(more.includes('RESTARTS=1') ? [] : ['RESTARTS=0']), ...more, 'MUTANT', ...mistakes.map(mistake => `MUTANT_${mistake}`)] }
}
