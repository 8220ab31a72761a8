import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Registry } from 'prom-client'
import { Type } from 'typebox'
import { ErrorBodySchema } from '../../protocol/api.ts'
import type { Store } from '../store/store.ts'
import { CertificateEndedError } from './api-errors.ts'

const Ok = Type.Object({ ok: Type.Literal(true) })

/** For machines, without a token: alive (knows nothing of the store), ready (the store answers), metrics, and the description of this API. */
export const healthRoutes: FastifyPluginAsyncTypebox<{ store: Store, registry: Registry, certificateReason: () => string | null }> = async (app, { store, registry, certificateReason }) => {
  const config = { role: 'open' } as const

  app.get('/healthz', { config, schema: { summary: 'The process answers', response: { 200: Ok } } }, async () => ({ ok: true as const }))

  app.get('/readyz', { config, schema: { summary: 'The store answers too, and the certificate is good', response: { 200: Ok, 503: ErrorBodySchema } } }, async () => {
    const reason = certificateReason()
    if (reason !== null) throw new CertificateEndedError(reason)
    await store.history({ limit: 1 })
    return { ok: true as const }
  })

  app.get('/metrics', { config, schema: { summary: 'Prometheus metrics' }, serializerCompiler: () => text => String(text) }, async (_request, reply) => {
    reply.type(registry.contentType)
    return await registry.metrics()
  })

  app.get('/v1/openapi.json', { config, schema: { hide: true } }, async () => app.swagger())
}
