/** A world in which one assumption of docs/safety.md does not hold: what that breaks must be found, and nothing else may break. Or one of a special shape. */
export interface Mode {
  readonly assumption: string
  /** Invariants that may be broken here. */
  readonly mayBreak: readonly string[]
  /** One of these must be found, or the mode shows nothing. */
  readonly mustFind: readonly string[]
}

export const MODE_NAMES = ['normal', 'quick', 'pair', 'wishes', 'clocksBeyondMargin', 'stoppedTimers', 'lyingDisk'] as const
export type ModeName = typeof MODE_NAMES[number]

export const MODES: Readonly<Record<ModeName, Mode>> = {
  normal: { assumption: 'all that docs/safety.md rests on holds', mayBreak: [], mustFind: [] },
  quick: { assumption: 'all that docs/safety.md rests on holds; all leases are short, so that more meets in less time', mayBreak: [], mustFind: [] },
  pair: { assumption: 'all that docs/safety.md rests on holds; two data nodes with fence devices and no witness', mayBreak: [], mustFind: [] },
  wishes: { assumption: 'all that docs/safety.md rests on holds; operators go on saying whom to promote rather, or not at all', mayBreak: [], mustFind: [] },
  clocksBeyondMargin: { assumption: 'clocks differ in rate by at most one percent: here by up to thirty', mayBreak: ['I1'], mustFind: ['I1'] },
  stoppedTimers: { assumption: 'clocks and kernel timers do not stop while the node runs: here whole machines stand still and go on', mayBreak: ['I1'], mustFind: ['I1'] },
  lyingDisk: { assumption: 'what was synced is there after a crash: here a host that loses its power may lose its last words as a voter', mayBreak: ['I1', 'I2', 'I3', 'I4', 'S1', 'S2', 'S3'], mustFind: ['I2'] }
}

export function isModeName (text: string): text is ModeName {
  return MODE_NAMES.some(name => name === text)
}
