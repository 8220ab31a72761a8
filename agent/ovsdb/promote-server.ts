import { wallClock } from '../clock.ts'
import type { Position } from '../../protocol/position.ts'
import { writePosition } from './heartbeat.ts'
import { PromotionRefusedError } from './server-errors.ts'
import type { ProcessHandle } from '../process-handle.ts'
import type { ServerParts } from './server-parts.ts'

/**
 * See OvsdbServer.promote. It looks first: what the last report said may be over. A server whose disk filled up during a
 * resync, one that it began by itself since its source restarted, is active, writable and empty at once (FACTS R N2); and a
 * promotion would find it as wanted.
 */
export async function promoteServer (parts: ServerParts, position: Position, force: boolean): Promise<void> {
  const { server, timing, database, roles, copy, believed, changes } = parts
  await changes.run(async () => {
    const role = await roles.observe()
    const turned = role.perDatabase.filter(({ state }) => state === 'active').map(entry => entry.database)
    const ours = turned.length > 0 && copy.wasPromoted(position.term, await processOf(parts))
    if (turned.length > 0 && !ours) throw new PromotionRefusedError(server.name, `${turned.join(', ')} ${turned.length > 1 ? 'are' : 'is'} active, and nobody promoted it in term ${position.term}: it promoted itself, and may have lost its data`)
    const { complete, reason, hadRows } = copy.state()
    if (!complete && !force) throw new PromotionRefusedError(server.name, `its copy is not complete: ${reason ?? 'unknown'}`)
    copy.promoted(position)
    believed.forget()
    await roles.promote()
    // a resync that it began by itself may have ended, empty, while it was asked
    if (complete && hadRows && !ours && !(await copy.lookForRows())) throw new PromotionRefusedError(server.name, `${server.database} held rows, and is empty`)
  })
  await writePosition(database, position, wallClock().getTime(), timing.commandTimeoutMs)
}

async function processOf ({ probe }: ServerParts): Promise<ProcessHandle | null> {
  const found = await probe.identify()
  return found.found ? found.process : null
}
