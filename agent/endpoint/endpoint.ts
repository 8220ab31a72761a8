/**
 * How clients reach the active. Every method is idempotent and bounded by its own deadline, and rejects with an
 * EndpointError that names address, interface and the command's words.
 */
export interface Endpoint {
  /** The addresses clients dial, as text. */
  readonly addresses: readonly string[]
  /** Holds the endpoint for at most `lifetimeMs`, rounded up to the kernel's whole second; the kernel drops it by itself after that (S4). Re-reads what it did. */
  hold (lifetimeMs: number): Promise<void>
  /** Tells the network where the addresses are, now and repeatedly for some seconds in the background; a new call or `release` ends the earlier one. Never waits. */
  announce (): void
  /** Resolves only when this node certainly no longer answers through the endpoint. */
  release (): Promise<void>
  /** Which addresses this host has now. */
  held (): Promise<ReadonlyMap<string, boolean>>
  /** Asks in the background whether a stranger uses the addresses too; calls back for each one that does. */
  onDuplicate (listener: (address: string, owner: string) => void): void
  /** Ends background work without touching the addresses. */
  detach (): void
}
