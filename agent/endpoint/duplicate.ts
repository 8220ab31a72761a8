import { setTimeout as delay } from 'node:timers/promises'
import { runCommand } from '../command.ts'
import type { VipAddress } from '../../protocol/cluster.ts'
import type { AnnouncingPrograms } from './announcing-programs.ts'

/** A question is asked once and waited for one second. */
const ANSWER_MS = 1_000
const COMMAND_TIMEOUT_MS = 5_000
const MAC = /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/i

export interface DuplicateCheckOptions {
  readonly interface: string
  readonly addresses: readonly VipAddress[]
  /** Pause before the first look. The former holder may keep its address for a moment on purpose (make before break): that is no stranger. */
  readonly firstAfterMs: number
  readonly everyMs: number
  /** A program that is missing for announcing too is told by them. */
  readonly programs: AnnouncingPrograms
  readonly onDuplicate: (address: string, owner: string) => void
  readonly onProblem: (problem: string | null) => void
}

export interface DuplicateCheck {
  /** Looks in the background until `stop`; does nothing when it does already. */
  start (): void
  stop (): void
}

/**
 * Asks the link whether somebody else answers for our addresses, and alarms only: an address in use elsewhere is an
 * operator's matter, and taking the endpoint never waits for the answer.
 */
export function createDuplicateCheck (options: DuplicateCheckOptions): DuplicateCheck {
  const { addresses, firstAfterMs, everyMs, programs, onDuplicate, onProblem } = options
  let running: AbortController | null = null
  let problem: string | null = null

  function note (next: string | null): void {
    if (next === problem) return
    problem = next
    onProblem(next)
  }

  async function lookAtAll (signal: AbortSignal): Promise<void> {
    const problems: string[] = []
    for (const address of addresses) {
      try {
        const owner = await findOwner(address, options.interface, signal)
        if (owner !== null && !signal.aborted) onDuplicate(address.address, owner)
      } catch (error) {
        if (signal.aborted) return
        if (programs.tells(error)) continue
        problems.push(error instanceof Error ? error.message : String(error))
      }
    }
    note(problems.length === 0 ? null : `duplicate addresses are not looked for: ${problems.join('; ')}`)
  }

  async function look (signal: AbortSignal): Promise<void> {
    let pauseMs = firstAfterMs
    while (!signal.aborted) {
      try {
        await delay(pauseMs, undefined, { signal, ref: false })
      } catch (error) {
        if (signal.aborted) return
        throw error
      }
      await lookAtAll(signal)
      pauseMs = everyMs
    }
  }

  return {
    start () {
      if (running !== null) return
      running = new AbortController()
      look(running.signal)
    },
    stop () {
      running?.abort()
      running = null
    }
  }
}

/** The hardware address of a stranger that answers for the address, null when nobody does. This host never answers itself. */
export async function findOwner (address: VipAddress, device: string, signal?: AbortSignal): Promise<string | null> {
  const [program, args, silence] = address.family === 6
    ? ['ndisc6', ['-q', '-1', '-r', '1', '-w', String(ANSWER_MS), '-n', address.address, device], 2] as const
    : ['arping', ['-D', '-c', '1', '-w', String(ANSWER_MS / 1_000), '-I', device, address.address], 0] as const
  const answered = address.family === 6 ? 0 : 1
  const { exitCode, stdout, stderr } = await runCommand(program, args, { timeoutMs: COMMAND_TIMEOUT_MS, signal })
  if (exitCode === silence) return null
  const owner = MAC.exec(stdout)?.[0]?.toLowerCase()
  if (exitCode !== answered || owner === undefined) throw new Error(`${program} ${args.join(' ')}: ${stderr.trim() || `exit ${exitCode}`}`)
  return await isOwnHardware(owner, device, signal) ? null : owner
}

/** A looping switch can bring our own answer back. */
async function isOwnHardware (owner: string, device: string, signal: AbortSignal | undefined): Promise<boolean> {
  const { stdout } = await runCommand('ip', ['-j', 'link', 'show', 'dev', device], { timeoutMs: COMMAND_TIMEOUT_MS, signal })
  return stdout.toLowerCase().includes(`"address":"${owner}"`)
}
