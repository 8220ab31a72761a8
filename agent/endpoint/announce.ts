import { CommandError, runCommand } from '../command.ts'
import type { VipAddress } from '../../protocol/cluster.ts'
import type { AnnouncingPrograms } from './announcing-programs.ts'

/** When an address is announced, counted from the taking: at once for speed, again because a frame can be lost and a switch port may still be waking up. */
export const ANNOUNCE_AT_MS = [0, 50, 150, 400, 1_000, 2_000, 3_000, 5_000] as const
/** `arping -c 1` needs a second to exit although its frame leaves at once (FACTS A): nobody waits for it, this only ends a stuck one. */
const EXIT_DEADLINE_MS = 5_000

export interface AnnounceOptions {
  readonly interface: string
  readonly addresses: readonly VipAddress[]
  readonly programs: AnnouncingPrograms
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

/** The programs that announce these addresses. */
export function announcingPrograms (addresses: readonly VipAddress[], device: string): readonly string[] {
  return [...new Set(addresses.flatMap(address => announceCommands(address, device)).map(([program]) => program))]
}

/** Announces in the background. A new start ends the earlier series; `stop` also kills what is still running. */
export function createAnnouncer ({ interface: device, addresses, programs, onProblem }: AnnounceOptions): Announcer {
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
      programs.works(program)
      note(exitCode === 0 ? null : `${program} ${args.join(' ')}: ${stderr.trim() || `exit ${exitCode}`}`)
    } catch (error) {
      if (signal.aborted) return // ended by us; whatever it says is about that
      if (programs.tells(error)) return
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
