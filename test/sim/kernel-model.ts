import type { Random, World } from './world.ts'

/** What lives on when the agent is dead or frozen: the VIP with its lifetime in whole seconds, and the packet guard with its timeout. */
export interface KernelModel {
  vipPresent (): boolean
  guardOpen (): boolean
  /** What is left of the lease is rounded up to whole seconds, and the kernel may be late by almost half a second (FACTS I). */
  holdVip (remainingMs: number): void
  dropVip (): void
  openGuard (lifetimeMs: number): void
  shutGuard (): void
  /** The machine stands still, and its timers with it: what was left when it stopped is left when it goes on. */
  suspend (): void
  resume (): void
  /** The host went down: no address, and rules that let nobody in. */
  reset (): void
}

const EXPIRY_LATE_MAX_MS = 450

/** `rate` is how fast this host's clock runs; `changed` hears of everything that may let clients in. */
export function createKernelModel (world: World, random: Random, guard: 'nftables' | 'vipLifetime', rate: number, changed: () => void): KernelModel {
  let vipUntilMs = 0
  let guardUntilMs = 0
  let suspendedAtMs: number | null = null
  return {
    vipPresent: () => world.now() < vipUntilMs,
    guardOpen: () => guard === 'vipLifetime' || world.now() < guardUntilMs,
    holdVip (remainingMs) {
      vipUntilMs = world.now() + Math.ceil(remainingMs / 1_000) * 1_000 / rate + random.between(0, EXPIRY_LATE_MAX_MS)
      changed()
    },
    dropVip () { vipUntilMs = 0 },
    openGuard (lifetimeMs) {
      guardUntilMs = world.now() + lifetimeMs / rate
      changed()
    },
    shutGuard () { guardUntilMs = 0 },
    suspend () { suspendedAtMs ??= world.now() },
    resume () {
      if (suspendedAtMs === null) return
      const stoodMs = world.now() - suspendedAtMs
      if (vipUntilMs > suspendedAtMs) vipUntilMs += stoodMs
      if (guardUntilMs > suspendedAtMs) guardUntilMs += stoodMs
      suspendedAtMs = null
      changed()
    },
    reset () {
      vipUntilMs = 0
      guardUntilMs = 0
    }
  }
}
