import type { ModeName } from './modes.ts'

/** A run that once broke a rule. Its draws are those of its time: what it was is told in words, and by the tests named there. */
export interface Regression {
  readonly seed: number
  readonly mode: ModeName
  readonly what: string
}

export const REGRESSIONS: readonly Regression[] = [
  { seed: 52, mode: 'normal', what: 'S7: the active lost its file and was started empty; its backups took that over by themselves, and no rescue had the rows (docs/adr/0008)' },
  { seed: 293, mode: 'normal', what: 'S7: a server that had lost its file was a source again once it had another copy, and its backups of before took that over' },
  { seed: 138, mode: 'normal', what: 'I2: a damaged voter\'s file was moved away while its agent, started by somebody else, still ran' },
  { seed: 221, mode: 'normal', what: 'I6: the agent of a voter whose file was moved away refused until it was started again' },
  { seed: 1746, mode: 'normal', what: 'S7: a node that could not vote went on following a source that was forced to serve anew, without its file, and took that over without a rescue' },
  { seed: 1897, mode: 'normal', what: 'S7: the same, with a server that had promoted itself in between' },
  { seed: 1221, mode: 'normal', what: 'I4: a node that was forced once, in vain, was taken later; the checker did not know that an operator had given up what it lacks' }
]
