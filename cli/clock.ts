/** Wall clock: only to tell whether a certificate is valid now. How old something is, is told by a clock that only goes forward. */
export function wallClock (): Date {
  return new Date()
}
