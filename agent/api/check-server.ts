import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { UnitService } from '../unit-service.ts'
import { answerErrors } from './error-body.ts'
import { healthRoutes } from './health.ts'
import { createLagWatch, watchLag } from './lag-watch.ts'

export interface CheckServerOptions {
  /** Of one cluster: a check needs no name of it. */
  readonly unit: UnitService
  readonly node: string
  readonly logger: FastifyBaseLogger
}

/** Many load balancers with a few backends each, and what anybody else can take from them. */
const CONNECTIONS_MAX = 256
const REQUEST_TIMEOUT_MS = 2_000
/** A check is a few hundred bytes without a body. */
const BODY_BYTES_MAX = 1_024

/**
 * What load balancers may ask without a certificate: the health routes of one cluster, and nothing else. Orders, votes and
 * reports stay behind the agent's own API. Apart from `listen`, so that tests ask it by `inject`.
 */
export function createCheckServer ({ unit, node, logger }: CheckServerOptions): FastifyInstance {
  const app = fastify({
    loggerInstance: logger,
    // each balancer asks several times a second
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    http: { noDelay: true, requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: REQUEST_TIMEOUT_MS }
  }) as unknown as FastifyInstance
  app.server.maxConnections = CONNECTIONS_MAX
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  answerErrors(app, node)
  const lag = createLagWatch()
  const stopWatching = watchLag(lag, [unit])
  app.addHook('onClose', async () => stopWatching())
  app.register(healthRoutes, { units: new Map([[unit.cluster, unit]]), node, lag, certificateReason: () => null })
  return app
}
