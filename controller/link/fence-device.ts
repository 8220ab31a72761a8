// The power of one node, through programs that others wrote: standard fence agents, which read `key=value` lines from
// their standard input, or a program of the operator's own. What they claim counts only as far as their `status` says so.
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import type { FenceConfig, FenceLevel } from '../../protocol/cluster.ts'
import { oneLine } from '../../protocol/connection-words.ts'
import { monotonicMs } from '../clock.ts'

export interface FenceOutcome {
  /** It is certain: the device was asked afterwards, and said so. */
  readonly ok: boolean
  /** In words: which level did it, or what each of them said. */
  readonly detail: string
}

export interface FenceDevice {
  /** Powers off and looks until it is off; level by level, in order. Never rejects. */
  off (): Promise<FenceOutcome>
  on (): Promise<FenceOutcome>
  /** Whether the devices answer: null, or what is wrong with the first that does not. */
  monitor (): Promise<string | null>
  /** Ends whatever runs. */
  stop (): void
}

type Action = 'off' | 'on' | 'status' | 'monitor'

const OUTPUT_BYTES_MAX = 1 << 20
const SAID_CHARACTERS_MAX = 300
const LOOK_EVERY_MS = 250
const KILL_GRACE_MS = 500
/** Exit codes of `status`, as every fence agent has them. */
const STATUS = { 0: 'on', 2: 'off' } as const

export function createFenceDevice (node: string, config: FenceConfig): FenceDevice {
  const stopping = new AbortController()

  async function power (action: 'off' | 'on'): Promise<FenceOutcome> {
    const failures: string[] = []
    for (const level of config.levels) {
      const name = level.program[0] ?? level.kind
      try {
        await run(node, level, action, stopping.signal)
        await reach(level, action)
        return { ok: true, detail: `${name} powered it ${action}, and its status says so` }
      } catch (error) {
        failures.push(`${name}: ${oneLine(error)}`)
      }
      if (stopping.signal.aborted) break
    }
    return { ok: false, detail: failures.join('; ') }
  }

  /** An answer of success is a claim; what counts is what the device says of the power afterwards. */
  async function reach (level: FenceLevel, wanted: 'off' | 'on'): Promise<void> {
    const untilMs = monotonicMs() + level.timeoutMs
    let said = 'nothing'
    while (monotonicMs() < untilMs) {
      said = await statusOf(node, level, stopping.signal)
      if (said === wanted) return
      await pause(LOOK_EVERY_MS, undefined, { signal: stopping.signal })
    }
    throw new Error(`it answered ${wanted}, and its status says ${said} for ${level.timeoutMs} ms`)
  }

  return {
    off: () => power('off'),
    on: () => power('on'),
    async monitor () {
      for (const level of config.levels) {
        try {
          await run(node, level, 'monitor', stopping.signal)
        } catch (error) {
          return `${level.program[0] ?? level.kind}: ${oneLine(error)}`
        }
      }
      return null
    },
    stop: () => { stopping.abort() }
  }
}

async function statusOf (node: string, level: FenceLevel, signal: AbortSignal): Promise<string> {
  const { exitCode, said } = await call(node, level, 'status', signal)
  return exitCode in STATUS ? STATUS[exitCode as keyof typeof STATUS] : `${said} (exit code ${exitCode})`
}

async function run (node: string, level: FenceLevel, action: Action, signal: AbortSignal): Promise<void> {
  const { exitCode, said } = await call(node, level, action, signal)
  if (exitCode !== 0) throw new Error(`${action} ended with ${exitCode}${said === '' ? '' : `: ${said}`}`)
}

/** One run of the program: an argument array, a deadline, bounded output with every secret taken out of it. */
async function call (node: string, level: FenceLevel, action: Action, signal: AbortSignal): Promise<{ readonly exitCode: number, readonly said: string }> {
  const [program = '', ...first] = level.program
  const secrets = await readSecrets(level)
  const lines = Object.entries({ ...level.options, ...secrets, action }).map(([key, value]) => `${key}=${value}\n`)
  const child = execa(program, level.kind === 'exec' ? [...first, action, node] : first, {
    ...(level.kind === 'exec' ? { stdin: 'ignore' as const } : { input: lines.join('') }),
    timeout: level.timeoutMs,
    killSignal: 'SIGKILL',
    cancelSignal: signal,
    maxBuffer: OUTPUT_BYTES_MAX,
    all: true,
    env: { LC_ALL: 'C' },
    reject: false
  })
  const result = await withinMs(child, level.timeoutMs + KILL_GRACE_MS, `${action} did not end, not even killed`)
  const said = withoutSecrets(result.all ?? '', Object.values(secrets)).trim().replaceAll(/\s*\n\s*/g, ' ').slice(-SAID_CHARACTERS_MAX)
  if (result.timedOut) throw new Error(`${action} did not end within ${level.timeoutMs} ms`)
  if (result.exitCode === undefined) throw new Error(`${action} could not be run: ${withoutSecrets(result.originalMessage ?? 'ended by a signal', Object.values(secrets))}`)
  return { exitCode: result.exitCode, said }
}

/** What the program left behind may keep its output open: the deadline holds all the same. */
async function withinMs<T> (work: PromiseLike<T>, limitMs: number, otherwise: string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(otherwise)), limitMs)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function readSecrets ({ secretFiles }: FenceLevel): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(await Promise.all(Object.entries(secretFiles).map(async ([option, file]) => {
    const secret = (await readFile(file, 'utf8')).trimEnd()
    // a second line would be read as an option of its own
    if (secret.includes('\n')) throw new Error(`${file} has more than one line`)
    return [option, secret] as const
  })))
}

function withoutSecrets (text: string, secrets: readonly string[]): string {
  return secrets.filter(secret => secret !== '').reduce((clean, secret) => clean.replaceAll(secret, '***'), text)
}
