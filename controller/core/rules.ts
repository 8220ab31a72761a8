// What a decision is explained by, in one sentence each: the safety rules of docs/safety.md, and the two that are against flapping.
export const RULES = {
  S1: 'A change of the active needs a new term of a majority, and a node counts as lost only when two signs agree: no reports, and voters that see it renew no more.',
  S2: 'A node serves only under a lease that a majority of the voters renews; a term that was given back is over for good.',
  S3: 'A node is promoted only when every earlier holder is certain not to serve.',
  S4: 'The right to serve ends in the kernel; a node without a guard must be certain to be off.',
  S5: 'A server is born a backup; what it says of its own role is not believed without the lease.',
  S6: 'Only a node with a complete copy that was in sync with the last active may take over by itself: the highest position, then whom operators prefer, then priority, then name.',
  S7: 'What only one node has is kept as a rescue before it is overwritten.',
  S8: 'All servers of a node are promoted or none; a failed promotion is undone, and the next candidate or attempt has a term of its own.',
  S9: 'Two data nodes need a third voter or a fence device.',
  S10: 'A pause stops decisions, and never renewals.',
  S11: 'Voters change one at a time.',
  budget: 'After so many automatic failovers within an hour the next one is an operator\'s decision.',
  turns: 'Only so many clusters change their active at a time.'
} as const

export type RuleName = keyof typeof RULES
