import swagger from '@fastify/swagger'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { Store } from '../store/store.ts'
import { acknowledgeRoutes } from './acknowledge.ts'
import { auditChanges } from './audit.ts'
import { requireTokens, type Token } from './auth.ts'
import { clusterRoutes } from './clusters.ts'
import { answerErrors } from './error-body.ts'
import { eventRoutes, type OnHistory } from './events.ts'
import { explainRoutes } from './explain.ts'
import { fenceRoutes } from './fence.ts'
import { voterRoutes } from './voters.ts'
import { healthRoutes } from './health.ts'
import { historyRoutes } from './history.ts'
import { operationRoutes } from './operations.ts'
import { pauseRoutes } from './pause.ts'
import { plannedRoutes } from './planned.ts'
import { preferenceRoutes } from './preference.ts'
import { rescueRoutes, type RescueDesks } from './rescues.ts'
import type { ClusterServices } from './service-of.ts'
import { scheduleRoutes, type ScheduleDesks } from './schedules.ts'
import { snapshotRoutes, type RestoreDesks, type SnapshotDesks } from './snapshots.ts'
import { upgradeRoutes, type UpgradeDesks } from './upgrades.ts'
import { verificationRoutes, type Verifiers } from './verifications.ts'

export interface ControllerApiOptions {
  readonly clusters: ClusterServices
  readonly rescues: RescueDesks
  readonly snapshots: SnapshotDesks
  readonly schedules: ScheduleDesks
  readonly upgrades: UpgradeDesks
  readonly restores: RestoreDesks
  readonly verifiers: Verifiers
  readonly store: Store
  /** Calls back with each entry once it is stored; returns how to stop. */
  readonly onHistory: OnHistory
  readonly tokens: readonly Token[]
  readonly registry: Registry
  readonly logger: FastifyBaseLogger
  /** PEM texts; null is plain HTTP. Operators show a token, not a certificate. */
  readonly tls: { readonly key: string, readonly cert: string } | null
  /** What is wrong with the certificate by now; null: nothing, or there is none. */
  readonly certificateReason?: () => string | null
  readonly version: string
}

const BODY_BYTES_MAX = 16_384

/** The controller's REST API, apart from `listen`: tests ask it by `inject`. */
export function createControllerApi (options: ControllerApiOptions): FastifyInstance {
  const { clusters, rescues, snapshots, schedules, upgrades, restores, verifiers, store, onHistory, tokens, registry, logger, tls, version } = options
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }), // changes are audited; reads are not worth a line
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 10_000, // to receive a request; an operation may take longer to answer
    forceCloseConnections: true,
    https: tls
  }) as unknown as FastifyInstance

  // TypeBox checks bodies as they are (no coercion, no silent removal of unknown keys) and converts only paths and queries
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  answerErrors(app)
  requireTokens(app, tokens)
  auditChanges(app)
  // a POST without a body says the same as one with {}
  app.addHook('preValidation', async request => { if (request.method === 'POST') request.body ??= {} })

  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'ovsdb-ha controller', version, description: 'Errors have a stable code, a message, and a hint: the next step.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }]
    }
  })
  app.register(healthRoutes, { store, registry, certificateReason: options.certificateReason ?? (() => null) })
  app.register(clusterRoutes, { clusters })
  app.register(operationRoutes, { clusters })
  app.register(fenceRoutes, { clusters })
  app.register(acknowledgeRoutes, { clusters })
  app.register(voterRoutes, { clusters })
  app.register(pauseRoutes, { clusters })
  app.register(preferenceRoutes, { clusters })
  app.register(plannedRoutes, { clusters, store })
  app.register(rescueRoutes, { rescues })
  app.register(snapshotRoutes, { snapshots, restores })
  app.register(scheduleRoutes, { schedules })
  app.register(upgradeRoutes, { upgrades })
  app.register(verificationRoutes, { verifiers })
  app.register(explainRoutes, { clusters, store })
  app.register(historyRoutes, { clusters, store })
  app.register(eventRoutes, { clusters, onHistory })
  return app
}
