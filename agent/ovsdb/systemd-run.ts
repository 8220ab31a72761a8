import { execa, type ExecaError } from 'execa'
import type { ServerConfig } from '../../protocol/cluster.ts'
import { readStat, waitUntilGone } from '../process-handle.ts'
import { parseUnitState, type UnitState } from '../systemd-unit.ts'
import { identify, type Identity } from './process-identity.ts'
import { ServerStartError, ServerStillRunningError } from './server-errors.ts'
import { KILL_DEADLINE_MS, killIdentified, START_DEADLINE_MS, STOP_DEADLINE_MS, type ServerProcess } from './supervisor.ts'

/**
 * A server that is a systemd unit. The unit must start it as a backup and without `--monitor`; `systemctl`
 * is named so that tests and containers may bring their own.
 */
export function createSystemdRun (server: ServerConfig, commandTimeoutMs: number, systemctl = 'systemctl'): ServerProcess {
  const unit = server.run.unit ?? ''

  async function call (args: readonly string[], timeoutMs: number): Promise<string> {
    const { stdout } = await execa(systemctl, args, { timeout: timeoutMs, stdin: 'ignore', maxBuffer: 64 * 1024 })
    return stdout
  }

  async function show (): Promise<UnitState> {
    return parseUnitState(await call(['show', unit, '--property=ActiveState,SubState,Result,MainPID'], commandTimeoutMs))
  }

  /** The pid file and command line first; where the unit writes no pid file, its main process. */
  async function find (): Promise<Identity> {
    const found = await identify(server)
    if (found.found) return found
    try {
      const state = await show()
      const stat = state.mainPid === 0 ? null : await readStat(state.mainPid)
      if (stat !== null && stat.state !== 'Z') return { found: true, process: { pid: stat.pid, startTicks: stat.startTicks }, note: `${found.reason}; found as the main process of ${unit}` }
      return { found: false, reason: `${unit} is ${state.active} (${state.sub}, ${state.result}); ${found.reason}` }
    } catch (error) {
      return { found: false, reason: `${found.reason}; ${wordsOf(error)}` }
    }
  }

  return {
    mode: 'systemd',
    async start () {
      try {
        // a unit that failed too often in a row refuses `start` until its failures are forgotten
        if ((await show()).active === 'failed') await call(['reset-failed', unit], commandTimeoutMs)
        await call(['start', unit], START_DEADLINE_MS)
      } catch (cause) {
        throw new ServerStartError(server.name, `systemctl start ${unit}: ${wordsOf(cause)}`, { cause })
      }
    },
    async stop () {
      try {
        // systemd itself waits for the process and kills it at the unit's TimeoutStopSec
        await call(['stop', unit], STOP_DEADLINE_MS * 4)
      } catch (cause) {
        throw new ServerStillRunningError(server.name, `systemctl stop ${unit}: ${wordsOf(cause)}`, { cause })
      }
    },
    async kill () {
      const before = await find()
      if (!before.found) return
      try {
        await call(['kill', '--signal=SIGKILL', unit], commandTimeoutMs)
      } catch (cause) {
        throw new ServerStillRunningError(server.name, `systemctl kill ${unit}: ${wordsOf(cause)}`, { cause })
      }
      await waitOrThrow(server, before)
    },
    identify: find
  }
}

/** The unit may restart it at once: only the process that was there before has to be gone. */
async function waitOrThrow (server: ServerConfig, before: Extract<Identity, { found: true }>): Promise<void> {
  if (await waitUntilGone(before.process, KILL_DEADLINE_MS)) return
  await killIdentified(server.name, server)
}

function wordsOf (error: unknown): string {
  const { stderr, shortMessage, message } = error as Partial<ExecaError> & Error
  return (typeof stderr === 'string' && stderr.trim() !== '' ? stderr.trim() : shortMessage ?? message).slice(0, 500)
}
