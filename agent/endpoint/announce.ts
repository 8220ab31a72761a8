import { CommandError, runCommand } from '../command.ts'
import type { VipAddress } from '../../protocol/cluster.ts'

/** When an address is announced, counted from the taking: at once for speed, again because a frame can be lost and a switch port may still be waking up. */
export const ANNOUNCE_AT_MS = [0, 50, 150, 400, 1_000, 2_000, 3_000, 5_000] as const
/** `arping -c 1` needs a second to exit although its frame leaves at once (FACTS A): nobody waits for it, this only ends a stuck one. */
const EXIT_DEADLINE_MS = 5_000

export interface AnnounceOptions {
  readonly interface: string
  readonly addresses: readonly VipAddress[]
  /** Called when announcing starts to fail (in words) and when it works again (null). The hold never fails for it. */
  readonly onProblem: (problem: string | null) => void
}

export interface Announcer {
  start (): void
  stop (): void
}

type Command = readonly [program: string, args: readonly string[]]

/**
 * The commands that tell the network where one address is.
 *
 * IPv4: gratuitous ARP as a request and as a reply, since some stacks learn only from the one and some only from the
 * other. IPv6: an unsolicited neighbour advertisement with the Override flag, which `ndptool` sets.
 */
export function announceCommands (address: VipAddress, device: string): readonly Command[] {
  if (address.family === 6) return [['ndptool', ['-t', 'na', '-U', '-i', device, '-T', address.address, 'send']]]
  return ['-U', '-A'].map(style => ['arping', ['-q', style, '-c', '1', '-I', device, address.address]])
}

const LOOK_DEADLINE_MS = 2_000

/** Why this host could not announce the addresses, or null: known before it is needed, so that another node is preferred. */
export async function announcersMissing (addresses: readonly VipAddress[], device: string): Promise<string | null> {
  const programs = new Set(addresses.flatMap(address => announceCommands(address, device)).map(([program]) => program))
  const missing: string[] = []
  for (const program of programs) {
    try {
      await runCommand(program, ['-V'], { timeoutMs: LOOK_DEADLINE_MS })
    } catch (error) {
      // one that is there and says nothing useful will be judged by its work
      if (error instanceof CommandError && error.why === 'missing') missing.push(program)
    }
  }
  return missing.length === 0 ? null : `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing: after a takeover the neighbours of this node would not be told where the addresses are`
}

/** Announces in the background. A new start ends the earlier series; `stop` also kills what is still running. */
export function createAnnouncer ({ interface: device, addresses, onProblem }: AnnounceOptions): Announcer {
  let series = new AbortController()
  let problem: string | null = null

  function note (next: string | null): void {
    if (next === problem) return
    problem = next
    onProblem(next)
  }

  async function run ([program, args]: Command, signal: AbortSignal): Promise<void> {
    try {
      const { exitCode, stderr } = await runCommand(program, args, { timeoutMs: EXIT_DEADLINE_MS, signal })
      if (signal.aborted) return
      note(exitCode === 0 ? null : `${program} ${args.join(' ')}: ${stderr.trim() || `exit ${exitCode}`}`)
    } catch (error) {
      if (signal.aborted) return // ended by us; whatever it says is about that
      note(error instanceof CommandError ? `addresses on ${device} are not announced: ${error.message}` : String(error))
    }
  }

  function announceOnce (signal: AbortSignal): void {
    for (const address of addresses) {
      for (const command of announceCommands(address, device)) run(command, signal)
    }
  }

  function stop (): void {
    series.abort()
    note(null) // what nobody announces any more has no trouble with it
  }

  function start (): void {
    stop()
    series = new AbortController()
    const { signal } = series
    const timers = ANNOUNCE_AT_MS.slice(1).map(atMs => setTimeout(announceOnce, atMs, signal))
    signal.addEventListener('abort', () => timers.forEach(clearTimeout), { once: true })
    announceOnce(signal)
  }

  return { start, stop }
}
