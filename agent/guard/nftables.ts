import { monotonicMs } from '../clock.ts'
import { CommandError } from '../command.ts'
import { createLane } from '../lane.ts'
import { GuardError } from './guard-errors.ts'
import type { Guard } from './guard.ts'
import { nft, NftRefusal } from './nft-command.ts'
import { closeBatch, installBatch, openBatch, removeBatch, type GuardedPorts } from './nftables-rules.ts'

/**
 * A timeout counts from the moment the kernel commits it, so what `nft` takes comes on top of the lease. It takes 2 to
 * 17 ms (FACTS I). This much of it stands in the slack; one that takes longer is killed.
 */
const OPEN_LATE_MAX_MS = 200
/** On a machine in trouble the next one gets more time, and asks for that much less: the ports shut earlier, never later. */
const OPEN_PATIENCE_MS = [OPEN_LATE_MAX_MS, 600, 1_200] as const
/** The late commit, and what a killed process may still finish. The kernel itself is never late (FACTS I). */
export const NFTABLES_SLACK_MS = 250

export interface NftablesGuardOptions extends GuardedPorts {
  readonly cluster: string
  readonly node: string
  readonly commandTimeoutMs: number
}

/** What the functions below share. */
interface Context extends NftablesGuardOptions {
  /** The set of the lease was emptied by us and nothing was added since. When this is wrong the ports shut too early, never too late. */
  knownEmpty: boolean
}

/**
 * The clients' ports are open only while elements with a timeout live in a set: an agent that dies or freezes stops
 * serving when the lease ends, and every established session of a client is reset (S4).
 *
 * The bound: `open` sets the end to `now + lifetimeMs` at the latest, measured from the call. A commit that was seen to be late is at
 * once corrected by another one; if that does not succeed in time the ports are shut. What remains is
 * an agent that is stopped in the very milliseconds between a late commit and its correction.
 */
export function createNftablesGuard (options: NftablesGuardOptions): Guard {
  const { cluster, node, clientPorts, commandTimeoutMs } = options
  const context: Context = { ...options, knownEmpty: false }
  const lane = createLane()

  async function orFail (doing: string, work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (cause) {
      const hint = isMissing(cause) ? 'Install nftables on the node, or set guard: none.' : undefined
      throw new GuardError(`${doing} the guard of ports ${clientPorts.join(', ')} failed: ${messageOf(cause)}`, { cluster, node, cause }, hint)
    }
  }

  return {
    kind: 'nftables',
    slackMs: NFTABLES_SLACK_MS,
    install: async () => await orFail('installing', lane.run(signal => nft(installBatch(cluster, options), commandTimeoutMs, signal))),
    async open (lifetimeMs) {
      const untilMs = monotonicMs() + lifetimeMs
      await orFail('opening', lane.run(signal => openOrShut(context, untilMs, signal)))
    },
    close: async () => await orFail('shutting', lane.urgent(signal => shut(context, signal))),
    remove: async () => await orFail('removing', lane.urgent(signal => nft(removeBatch(cluster), commandTimeoutMs, signal)))
  }
}

async function openOrShut (context: Context, untilMs: number, signal: AbortSignal): Promise<void> {
  try {
    await openUntil(context, untilMs, signal)
  } catch (cause) {
    if (signal.aborted) throw cause // overtaken by a close: that one shuts
    try {
      await shut(context, undefined)
    } catch (error) {
      throw new Error(`${messageOf(cause)}; shutting them failed too: ${messageOf(error)}`, { cause })
    }
    throw cause
  }
}

async function openUntil (context: Context, untilMs: number, signal: AbortSignal): Promise<void> {
  for (const patienceMs of OPEN_PATIENCE_MS) {
    const startedMs = monotonicMs()
    const remainingMs = Math.floor(untilMs - startedMs) - (patienceMs - OPEN_LATE_MAX_MS)
    if (remainingMs < 1) throw new Error('the lease ended before the ports could be opened')
    const inTime = await tryOpen(context, remainingMs, patienceMs, signal)
    if (inTime && monotonicMs() - startedMs <= patienceMs) return
  }
  throw new Error(`nft took longer than ${OPEN_PATIENCE_MS.join(', then ')} ms`)
}

/** False when it was killed: then nobody knows whether the kernel has it. */
async function tryOpen (context: Context, remainingMs: number, patienceMs: number, signal: AbortSignal): Promise<boolean> {
  const { cluster, clientPorts, commandTimeoutMs } = context
  const timeoutMs = Math.min(commandTimeoutMs, patienceMs)
  const batch = openBatch(cluster, clientPorts, remainingMs, context.knownEmpty)
  context.knownEmpty = false
  try {
    await orInstall(context, batch, batch, timeoutMs, signal)
    return true
  } catch (error) {
    if (error instanceof CommandError && error.why === 'timeout') return false
    throw error
  }
}

async function shut (context: Context, signal: AbortSignal | undefined): Promise<void> {
  await orInstall(context, closeBatch(context.cluster), '', context.commandTimeoutMs, signal)
  context.knownEmpty = true
}

/**
 * Runs the batch; where the rules are gone (a firewall's reload flushes everything) they come back in one transaction
 * with `afterInstall`: no rules is not shut.
 */
async function orInstall (context: Context, batch: string, afterInstall: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await nft(batch, timeoutMs, signal)
  } catch (error) {
    if (!(error instanceof NftRefusal) || !error.isAbsence) throw error
    await nft(installBatch(context.cluster, context) + afterInstall, timeoutMs, signal)
  }
}

function isMissing (error: unknown): boolean {
  return error instanceof CommandError ? error.why === 'missing' : error instanceof Error && isMissing(error.cause)
}

function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
