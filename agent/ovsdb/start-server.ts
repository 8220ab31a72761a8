import { setTimeout as delay } from 'node:timers/promises'
import { ControlRefusedError } from './errors.ts'
import { HEARTBEAT_DATABASE, HEARTBEAT_SCHEMA_FILE } from './heartbeat.ts'
import { logOffset } from './log-scan.ts'
import { ensureDatabaseFile } from './process-run.ts'
import { heartbeatFile } from './server-command.ts'
import { ServerStartError } from './server-errors.ts'
import type { ServerParts } from './server-parts.ts'
import { START_DEADLINE_MS } from './supervisor.ts'
import { versionIn } from './versions.ts'

/** See OvsdbServer.start. */
export async function startServer (parts: ServerParts): Promise<{ readonly adopted: boolean }> {
  if (await isRunning(parts)) {
    const found = await parts.probe.identify()
    await parts.copy.meet(found.found ? found.process : null, null, await parts.roles.observe())
    await ensureHeartbeat(parts)
    return { adopted: true }
  }
  const offset = await logOffset(parts.server.logFile)
  await parts.process.start()
  await untilItAnswers(parts)
  // a unit file of somebody else's may start it as an active
  const role = await parts.roles.observe()
  if (role.role !== 'backup' || role.source !== null) await parts.changes.run(() => parts.roles.toPlaceholder())
  const found = await parts.probe.identify()
  await parts.copy.meet(found.found ? found.process : null, { logOffset: offset }, null)
  await ensureHeartbeat(parts)
  return { adopted: false }
}

/** The heartbeat database of a server that we did not start; only on the placeholder, elsewhere it could promote itself (FACTS R N7). */
export async function ensureHeartbeat ({ server, roles, changes }: ServerParts): Promise<void> {
  const role = await roles.observe()
  if (role.databases.includes(HEARTBEAT_DATABASE) || role.role !== 'backup' || role.source !== null) return
  await ensureDatabaseFile(server, heartbeatFile(server), HEARTBEAT_SCHEMA_FILE)
  await changes.run(() => roles.ensureDatabase(HEARTBEAT_DATABASE, heartbeatFile(server)))
}

/** What a server says of itself, for example `3.1.0`. */
export async function readVersion ({ control }: ServerParts): Promise<string> {
  return versionIn(await control.call('version'))
}

/**
 * True for a server that answers: it is adopted. False when there is no process. One that is there and silent is either
 * just ending or just starting: it gets the command deadline, and then an error, because a second one must not be started beside it.
 */
async function isRunning (parts: ServerParts): Promise<boolean> {
  const startMs = performance.now()
  for (;;) {
    const answer = await readVersion(parts).catch((error: Error) => error)
    if (typeof answer === 'string') return true
    if (answer instanceof ControlRefusedError) throw new ServerStartError(parts.server.name, `what answers on ${parts.server.controlSocket} is no ovsdb-server: ${answer.message}`, { cause: answer })
    const found = await parts.probe.identify()
    if (!found.found) return false
    if (performance.now() - startMs >= parts.timing.commandTimeoutMs) {
      throw new ServerStartError(parts.server.name, `process ${found.process.pid} is there and does not answer: ${answer.message}`, { cause: answer })
    }
    await delay(20)
  }
}

/** Readiness is a reply, never a pid; but a process that has ended will never give one. */
async function untilItAnswers (parts: ServerParts): Promise<void> {
  const startMs = performance.now()
  for (;;) {
    const answer = await readVersion(parts).catch((error: Error) => error)
    if (typeof answer === 'string') return
    const lateMs = performance.now() - startMs
    if (parts.process.mode === 'process' && !(await parts.probe.identify()).found) throw new ServerStartError(parts.server.name, `it ended right after its start: ${answer.message}`, { cause: answer })
    if (lateMs >= START_DEADLINE_MS) throw new ServerStartError(parts.server.name, `it does not answer: ${answer.message}`, { cause: answer })
    await delay(20)
  }
}
