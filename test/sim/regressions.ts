import type { ModeName } from './modes.ts'

/** A run that once broke a rule. Its draws are those of its time: what it was is told in words, and by the tests named there. */
export interface Regression {
  readonly seed: number
  readonly mode: ModeName
  readonly what: string
}

export const REGRESSIONS: readonly Regression[] = [
  { seed: 52, mode: 'quick', what: 'S7: the active lost its file and was started empty; its backups took that over by themselves, and no rescue had the rows (docs/adr/0008)' },
  { seed: 293, mode: 'quick', what: 'S7: a server that had lost its file was a source again once it had another copy, and its backups of before took that over' },
  { seed: 138, mode: 'quick', what: 'I2: a damaged voter\'s file was moved away while its agent, started by somebody else, still ran' },
  { seed: 221, mode: 'quick', what: 'I6: the agent of a voter whose file was moved away refused until it was started again' },
  { seed: 1746, mode: 'quick', what: 'S7: a node that could not vote went on following a source that was forced to serve anew, without its file, and took that over without a rescue' },
  { seed: 1897, mode: 'quick', what: 'S7: the same, with a server that had promoted itself in between' },
  { seed: 1221, mode: 'quick', what: 'I4: a node that was forced once, in vain, was taken later; the checker did not know that an operator had given up what it lacks' },
  { seed: 47, mode: 'quick', what: 'I6: the only voter that was left had a damaged file, and no command led out of it (quorum force took only sound voters)' },
  { seed: 197, mode: 'quick', what: 'I6: one of two voters had a damaged file; its repair waited for somebody to serve, who could not without it (docs/runbooks/quorum-lost.md)' },
  { seed: 336, mode: 'quick', what: 'I6: the same, with a voter that had been removed before' },
  { seed: 358, mode: 'quick', what: 'I6: the same, after a new list that only one node had taken came to light' },
  { seed: 324, mode: 'quick', what: 'S7: a data node without a vote was not asked for the term of a forced failover, followed on, and took over a source that had lost its file' },
  { seed: 5647, mode: 'quick', what: 'S7: the same, with a node that heard of the term later than the forced one served: it is waited for now' },
  { seed: 206816, mode: 'normal', what: 'I7: a forced failover that lost a race took its next term as if nobody could serve, and stopped whom another controller had made serve' },
  { seed: 2324, mode: 'pair', what: 'I6: of two voters one had a damaged file while the other served without it, and no command led out of it (docs/runbooks/cannot-vote.md)' },
  { seed: 2638, mode: 'pair', what: 'I6: the same, after two more terms' },
  { seed: 25627, mode: 'normal', what: 'S11: a quorum was forced twice, and the files that knew of the first time were all damaged by then; the checker remembered what nobody else did' },
  { seed: 14985, mode: 'normal', what: 'S7: a copy outlived the process that it came from, and took over the empty file of the next one (the simulator\'s server)' },
  { seed: 51491, mode: 'normal', what: 'S6: a voter forgot who had served when it accepted a term after one that may have served; then it came to light that nobody had in that one, and anybody could be promoted' },
  { seed: 60504, mode: 'normal', what: 'S6: the operator deleted a damaged voter\'s file although whoever served did so by that voter\'s last grant alone: the check comes after twice the lease now' }
]
