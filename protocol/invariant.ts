/** A bug in this program, never an outside fault. The agent stops serving first, then exits. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Asserts what must be true whatever the world does; stays on in production. */
export function invariant (condition: boolean, text: string): asserts condition {
  if (!condition) throw new InvariantError(text)
}
