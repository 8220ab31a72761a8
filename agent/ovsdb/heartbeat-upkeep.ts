// The heartbeat database grows by some hundred bytes with each heartbeat, on every node, and a server compacts a file by
// itself only beyond 10 MB: so the agent does it, long before. It holds one row: that takes no time that anybody would notice.
import { stat } from 'node:fs/promises'
import { HEARTBEAT_DATABASE } from './heartbeat.ts'
import { heartbeatFile } from './server-command.ts'
import type { ServerParts } from './server-parts.ts'

export const HEARTBEAT_FILE_BYTES_MAX = 512 * 1024
/** After one that failed, or did not help. */
const PAUSE_MS = 60_000

/** Call it now and then while the server is up; a call while an earlier one is under way does nothing. */
export function createHeartbeatUpkeep ({ server, control, timing, onHappening }: Pick<ServerParts, 'server' | 'control' | 'timing' | 'onHappening'>): () => void {
  let busy = false
  let notBeforeMs = -Infinity
  let told = ''

  async function compactIfLarge (): Promise<void> {
    if ((await stat(heartbeatFile(server))).size <= HEARTBEAT_FILE_BYTES_MAX) return
    notBeforeMs = performance.now() + PAUSE_MS
    await control.call('ovsdb-server/compact', [HEARTBEAT_DATABASE], timing.commandTimeoutMs)
    told = ''
  }

  function tell ({ message }: Error): void {
    notBeforeMs = performance.now() + PAUSE_MS
    if (message !== told) onHappening('heartbeatsNotCompacted', `the heartbeat database of ${server.name} was not compacted: ${message}`, { server: server.name })
    told = message
  }

  return () => {
    if (busy || performance.now() < notBeforeMs) return
    busy = true
    compactIfLarge().catch(tell).finally(() => { busy = false })
  }
}
