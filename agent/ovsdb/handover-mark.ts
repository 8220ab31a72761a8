/**
 * The marker that was written when the clients' gate was shut for a switchover. Nothing was written behind it as long as the
 * gate was not opened again: whoever has it has everything that is here. An agent that starts anew does not know it.
 */
export interface HandoverMark {
  set (marker: string): void
  clear (): void
  current (): string | null
}

export function createHandoverMark (): HandoverMark {
  let mark: string | null = null
  return {
    set (marker) { mark = marker },
    clear () { mark = null },
    current: () => mark
  }
}
