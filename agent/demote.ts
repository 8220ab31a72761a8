import type { Logger } from 'pino'
import type { OvsdbServer } from './server.ts'

/** To the placeholder, and its gate closed. `lastMarker` is written behind a gate that is certainly shut; whoever waits for it goes on without it after a while. */
export async function demote (server: OvsdbServer, lastMarker: string | null, log: Logger): Promise<void> {
  if (lastMarker !== null) {
    try {
      await server.closeGate()
      await server.writeMarker(lastMarker)
    } catch (error) {
      log.warn({ server: server.name, lastMarker, err: error }, 'the marker behind the last write could not be written')
    }
  }
  await server.becomeBackup()
  await server.closeGate()
}
