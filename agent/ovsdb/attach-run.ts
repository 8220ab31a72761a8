import type { ServerConfig } from '../../protocol/cluster.ts'
import { identify } from './process-identity.ts'
import { ServerNotOursError } from './server-errors.ts'
import { killIdentified, type ServerProcess } from './supervisor.ts'

/**
 * A server that somebody else runs: never started and never stopped by us. Only SIGKILL is ours, and only for a process
 * that was identified, because a hung server holds queued writes that it would commit when it wakes (FACTS J).
 */
export function createAttachRun (server: ServerConfig): ServerProcess {
  return {
    mode: 'attach',
    async start () {
      throw new ServerNotOursError(server.name, `nothing answers on ${server.controlSocket}, and starting it is not the agent's business`)
    },
    async stop () {
      throw new ServerNotOursError(server.name, 'stopping it is not the agent\'s business')
    },
    async kill () {
      const found = await identify(server)
      // without an identified process there is nothing that a signal could safely be sent to
      if (!found.found) return
      await killIdentified(server.name, server)
    },
    identify: () => identify(server)
  }
}
