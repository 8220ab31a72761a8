// What runs beside an active and nowhere else, put together for one cluster: companions, and the rows of Connection.
import type { Logger } from 'pino'
import type { ClusterConfig, CompanionConfig } from '../protocol/cluster.ts'
import { withSockets } from '../protocol/companion.ts'
import { createCommandCompanion } from './companion/command-companion.ts'
import { createUnitCompanion } from './companion/unit-companion.ts'
import type { Companion } from './companion.ts'
import { createCompanions, type Companions } from './companions.ts'
import { createConnectionKeeper } from './ovsdb/connection-keeper.ts'
import { createDatabase } from './ovsdb/database.ts'
import type { ServerHappening } from './server.ts'
import type { UnitShell } from './shell.ts'

export interface BesideActiveOptions {
  readonly cluster: ClusterConfig
  readonly onHappening: ServerHappening
  readonly onProblem: (code: string, message: string | null) => void
  /** Something that the report tells has changed. */
  readonly onChange: () => void
  readonly logger: Logger
}

export interface BesideActive {
  /** Null where the cluster has none. */
  readonly companions: Companions | null
  /** From now on it goes by what the unit does. */
  follow (shell: Pick<UnitShell, 'follow' | 'report'>): void
  /** Lets go of everything as it is: the agent ends. */
  stop (): void
}

export function createBesideActive (options: BesideActiveOptions): BesideActive {
  const companions = options.cluster.companions.length === 0 ? null : createOurCompanions(options)
  const connections = createConnections(options)
  let unfollow = () => {}
  return {
    companions,
    follow (shell) {
      // whoever has nothing beside its active needs no report at each change
      if (companions === null && connections === null) return
      const look = (phase: ReturnType<UnitShell['report']>['phase']) => {
        companions?.phase(phase)
        connections?.serving(phase === 'active')
      }
      unfollow = shell.follow(({ phase }) => look(phase), () => {})
      look(shell.report().phase)
    },
    stop () {
      unfollow()
      companions?.detach()
      connections?.stop()
    }
  }
}

function createOurCompanions ({ cluster, onHappening, onProblem, onChange, logger }: BesideActiveOptions): Companions {
  return createCompanions({
    companions: cluster.companions.map(config => ({
      rules: config,
      companion: createCompanion(cluster, config),
      startTimeoutMs: config.startTimeoutMs,
      stopTimeoutMs: config.stopTimeoutMs
    })),
    onHappening,
    onProblem,
    onChange,
    logger
  })
}

function createCompanion (cluster: ClusterConfig, config: CompanionConfig): Companion {
  const sockets = Object.fromEntries(cluster.servers.map(server => [server.name, server.databaseSocket]))
  const check = withSockets(config.check, sockets)
  const { run } = config
  return run.type === 'unit'
    ? createUnitCompanion({ config, unit: run.unit, check, commandTimeoutMs: cluster.timing.commandTimeoutMs })
    : createCommandCompanion({ cluster: cluster.name, config, command: withSockets(run.command, sockets), check, logFile: run.logFile, stateFile: run.stateFile })
}

function createConnections ({ cluster, onHappening, onProblem }: BesideActiveOptions) {
  const kept = cluster.servers.flatMap(({ name, database, databaseSocket, connections }) => connections === null
    ? []
    : [{ server: name, database, wanted: connections, db: createDatabase({ target: { method: 'unix', path: databaseSocket }, timeoutMs: cluster.timing.commandTimeoutMs }) }])
  return kept.length === 0 ? null : createConnectionKeeper({ kept, onHappening, onProblem })
}
