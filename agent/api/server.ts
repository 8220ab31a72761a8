import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { certificateReason } from '../../protocol/certificate-check.ts'
import { wallClock } from '../clock.ts'
import { answerErrors } from './error-body.ts'
import { healthRoutes } from './health.ts'
import { metricsRoutes, type Statistics } from './metrics-routes.ts'
import { maintenanceRoutes, type MaintenanceServices } from './maintenance.ts'
import { reportRoutes } from './reports.ts'
import { rescueRoutes, type RescueServices } from './rescues.ts'
import { requirePeers, serverTls, type TlsTexts } from './tls.ts'
import type { Units } from './unit-of.ts'
import { voteRoutes } from './votes.ts'

export interface AgentApiOptions {
  readonly units: Units
  readonly rescues: RescueServices
  readonly maintenance: MaintenanceServices
  /** Of the data nodes, by cluster. */
  readonly statistics: Statistics
  readonly node: string
  readonly version: string
  /** Null is plain HTTP. */
  readonly tls: TlsTexts | null
  /** With TLS: the names of the nodes and controllers that may order, vote and read reports. */
  readonly allowedPeers: readonly string[]
  readonly reportEveryMs: number
  readonly logger: FastifyBaseLogger
  readonly registry: Registry
}

const BODY_BYTES_MAX = 65_536
const CONNECTIONS_MAX = 512
/** A caller that went away without a word is noticed by TCP after this much silence. */
const PROBE_SILENCE_MS = 5_000

/** The agent's HTTP API, apart from `listen`: tests ask it by `inject`. Closing it ends the report streams and does not wait for orders. */
export function createAgentApi (options: AgentApiOptions): FastifyInstance {
  const { units, maintenance, rescues, statistics, node, version, tls, allowedPeers, reportEveryMs, logger, registry } = options
  const sockets = { noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_SILENCE_MS, requestTimeout: 10_000 }
  const app = fastify({
    loggerInstance: logger,
    // a renewal each half second is not worth a line; what it does is logged by the unit
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    ...(tls === null ? { http: sockets } : { https: { ...sockets, ...serverTls(tls) } })
  }) as unknown as FastifyInstance
  app.server.maxConnections = CONNECTIONS_MAX

  // TypeBox checks bodies as they are (no coercion, no silent removal of unknown keys) and converts only paths and queries
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  answerErrors(app, node)
  if (tls !== null) requirePeers(app, allowedPeers)

  const lag = metricsRoutes(app, { units, statistics, registry, about: { node, version, certificate: tls?.cert ?? null } })
  app.register(healthRoutes, { units, node, lag, certificateReason: () => certificateReason(tls, node, wallClock().getTime()) })
  app.register(voteRoutes, { units, node })
  app.register(maintenanceRoutes, { maintenance, node })
  app.register(reportRoutes, { units, node, reportEveryMs })
  app.register(rescueRoutes, { rescues, node })
  return app
}
