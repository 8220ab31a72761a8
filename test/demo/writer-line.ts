// What the writer and whoever started it tell each other, a JSON text per line.

export interface WriterTask {
  readonly address: string
  readonly port: number
  readonly database: string
  readonly table: string
  /** Part of every name that it writes, so that two runs never meet. */
  readonly run: string
  readonly writeEveryMs: number
  /** Beyond this many it deletes its oldest row with each write, so that it can run for ever. */
  readonly rowsMax: number
}

/** `mark`: measure outages from here on. `verify`: count the acknowledged rows, then go on writing. */
export type WriterCommand = 'mark' | 'verify'

export interface WriterState {
  readonly type: 'state'
  readonly ackedWrites: number
  /** The longest time between two acknowledgements since the last mark; one that lasts is not in it. */
  readonly longestOutageMs: number
  /** Tries that failed since the last mark: dials refused or unanswered, connections lost, writes refused. */
  readonly failedTries: number
  /** Since the last acknowledgement. */
  readonly silentMs: number
}

export interface WriterVerdict {
  readonly type: 'verdict'
  /** Rows that were acknowledged and not deleted by the writer itself. */
  readonly ackedRows: number
  readonly foundRows: number
  /** Names of acknowledged rows that are not there, the first of them. */
  readonly missing: readonly string[]
  readonly missingRows: number
}

export type WriterLine = WriterState | WriterVerdict
