/**
 * What keeps the service ports shut when the agent cannot act (S4). Enforced by the kernel. Every method is idempotent
 * and bounded; rejects with a GuardError that carries the command's words.
 */
export interface Guard {
  readonly kind: 'nftables' | 'none'
  /** How long after `untilMs` the kernel may still let clients through, at most. The holder declares it with its lease requests. */
  readonly slackMs: number
  /** Installs the rules with the service ports shut, unless they are there already (an agent restart leaves an open lease running). */
  install (): Promise<void>
  /** Opens the service ports for `lifetimeMs` from now, or extends them; no gap. */
  open (lifetimeMs: number): Promise<void>
  /** Shuts the service ports; established sessions of clients are reset. */
  close (): Promise<void>
  /** Removes every rule of this cluster (uninstall and tests). */
  remove (): Promise<void>
}
