import { setTimeout as delay } from 'node:timers/promises'
import type { CompanionConfig } from '../../protocol/cluster.ts'
import { monotonicMs } from '../clock.ts'
import { runCommand } from '../command.ts'
import type { Companion } from '../companion.ts'
import type { Look } from '../core/companion-state.ts'
import { parseUnitState, type UnitState } from '../systemd-unit.ts'
import { CompanionError } from './companion-errors.ts'
import { awaitHealth, whyIll } from './health.ts'

export interface UnitCompanionOptions {
  readonly config: CompanionConfig
  readonly unit: string
  readonly check: readonly string[]
  /** Deadline of a `systemctl` that does not wait for the unit. */
  readonly commandTimeoutMs: number
  /** Tests and containers may bring their own. */
  readonly systemctl?: string
}

/** After SIGKILL; longer only when a disk does not answer. */
const KILL_DEADLINE_MS = 2_000
const LOOK_AGAIN_MS = 20

/** A systemd service, which must not be enabled by itself: it is this node's to run only while it serves. */
export function createUnitCompanion ({ config, unit, check, commandTimeoutMs, systemctl = 'systemctl' }: UnitCompanionOptions): Companion {
  const { name } = config
  const never = new AbortController().signal

  async function call (args: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<string> {
    const { exitCode, stdout, stderr } = await runCommand(systemctl, args, { timeoutMs, signal })
    if (exitCode !== 0) throw new CompanionError(name, `systemctl ${args.join(' ')}: ${stderr.trim() || `ended with ${exitCode}`}`)
    return stdout
  }

  async function show (signal: AbortSignal): Promise<UnitState> {
    return parseUnitState(await call(['show', unit, '--property=ActiveState,SubState,Result,MainPID'], commandTimeoutMs, signal))
  }

  async function look (signal: AbortSignal): Promise<Look> {
    try {
      const { active, sub, result, mainPid } = await show(signal)
      const pid = mainPid === 0 ? null : mainPid
      if (active === 'inactive' || active === 'failed') return { state: 'stopped' }
      if (active !== 'active') return { state: 'ill', pid, why: `${unit} is ${active} (${sub}, ${result})` }
      const why = await whyIll(check, config.checkTimeoutMs, signal)
      return why === null ? { state: 'running', pid } : { state: 'ill', pid, why }
    } catch (error) {
      signal.throwIfAborted()
      return { state: 'ill', pid: null, why: (error as Error).message }
    }
  }

  async function start (signal: AbortSignal): Promise<void> {
    try {
      // a unit that failed too often in a row refuses `start` until its failures are forgotten
      if ((await show(signal)).active === 'failed') await call(['reset-failed', unit], commandTimeoutMs, signal)
      await call(['start', unit], config.startTimeoutMs, signal)
      const why = await awaitHealth(look, check.length > 0, config.startTimeoutMs, signal)
      if (why !== null) throw new CompanionError(name, `${unit}: ${why}`)
    } catch (cause) {
      await stop()
      throw cause instanceof CompanionError ? cause : new CompanionError(name, (cause as Error).message, { cause })
    }
  }

  /** systemd goes on with a job whose `systemctl` was killed, so killing the processes comes on top of it. */
  async function stop (): Promise<void> {
    try {
      await call(['stop', unit], config.stopTimeoutMs, never)
    } catch {
      await call(['kill', '--signal=SIGKILL', unit], commandTimeoutMs, never).catch(() => '') // nothing left to kill: seen below
    }
    if (!(await isDown())) throw new CompanionError(name, `${unit} is still there ${KILL_DEADLINE_MS} ms after SIGKILL`)
  }

  async function isDown (): Promise<boolean> {
    const startMs = monotonicMs()
    for (;;) {
      const seen = await look(never)
      if (seen.state === 'stopped') return true
      if (monotonicMs() - startMs >= KILL_DEADLINE_MS) return false
      await delay(LOOK_AGAIN_MS)
    }
  }

  return { name, look, start, stop, onEnded: () => {} }
}
