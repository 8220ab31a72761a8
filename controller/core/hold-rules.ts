// What each hold means for people: its page in docs/runbooks and the rule that demands it.
import type { RuleName } from './rules.ts'
import type { Hold } from './state.ts'

interface HoldMeaning {
  readonly page: string
  readonly rule: RuleName
  /** Somebody should serve and nobody will without help or time. The others pass by themselves or say that the active is merely not seen. */
  readonly outage: boolean
}

export const HOLDS: Readonly<Record<Hold['code'], HoldMeaning>> = {
  noMajority: { page: 'no-majority.md', rule: 'S1', outage: true },
  noCandidate: { page: 'no-candidate.md', rule: 'S6', outage: true },
  diverging: { page: 'diverging.md', rule: 'S6', outage: true },
  fenceNeeded: { page: 'fence-needed.md', rule: 'S4', outage: true },
  waitingForNodes: { page: 'waiting-for-nodes.md', rule: 'S6', outage: true },
  paused: { page: 'paused.md', rule: 'S10', outage: true },
  retrying: { page: 'retrying.md', rule: 'S8', outage: true },
  inTransition: { page: 'retrying.md', rule: 'S2', outage: false },
  starting: { page: 'retrying.md', rule: 'S1', outage: false },
  stillRenewing: { page: 'still-renewing.md', rule: 'S1', outage: false },
  suspecting: { page: 'still-renewing.md', rule: 'S1', outage: false },
  budgetSpent: { page: 'budget-spent.md', rule: 'budget', outage: true },
  waitingTurn: { page: 'waiting-turn.md', rule: 'turns', outage: true }
}
