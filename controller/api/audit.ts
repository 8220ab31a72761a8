import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Says in the log who changed, or tried to change, what: once when it is accepted, once when it is answered. Headers, and so tokens, never get there. */
export function auditChanges (app: FastifyInstance): void {
  const changes = (request: FastifyRequest) => request.method !== 'GET' && request.method !== 'HEAD'
  const facts = (request: FastifyRequest) => ({
    audit: true,
    actor: request.actor === '' ? null : request.actor,
    from: request.ip,
    action: `${request.method} ${request.routeOptions.url ?? 'unknown route'}`,
    params: request.params,
    body: request.body
  })
  app.addHook('preHandler', async request => {
    if (changes(request) && !request.is404) request.log.info(facts(request), 'operator request accepted')
  })
  app.addHook('onResponse', async (request, reply) => {
    if (changes(request)) request.log.info({ ...facts(request), status: reply.statusCode, durationMs: Math.round(reply.elapsedTime) }, 'operator request answered')
  })
}
