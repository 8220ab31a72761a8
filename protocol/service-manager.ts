/** What a daemon tells whoever runs it as a service: systemd, or nobody. Nothing here ever fails: a daemon that serves does not end because nobody heard it. */
export interface ServiceManager {
  /**
   * The daemon can serve requests. From here on it is told to be alive as often as the service manager asks for that, each time only
   * after every one of `beats` has resolved anew: a daemon whose loop is stuck falls silent, and is restarted.
   */
  ready (beats: ReadonlyArray<() => Promise<void>>): Promise<void>
  /** The daemon is about to end in order. Nothing more is said after it. */
  stopping (): Promise<void>
}
