import type { FastifyError, FastifyInstance } from 'fastify'
import type { ErrorBody } from '../../protocol/api.ts'
import { OvsdbHaError } from '../../protocol/errors.ts'
import { describeFaults } from '../../protocol/request-fault.ts'
import { AgentInternalError, AgentRouteUnknownError, RequestInvalidError } from './api-errors.ts'

/** What every error answer says; `node` is this one unless the error is about another. */
export function errorBodyOf (error: OvsdbHaError, thisNode: string): ErrorBody {
  const { code, message, hint, cluster, node = thisNode } = error
  const term = 'term' in error && Number.isSafeInteger(error.term) ? { term: Number(error.term) } : {}
  return { code, message, hint, ...(cluster === undefined ? {} : { cluster }), node, ...term }
}

/** The one place where a failure becomes an answer: routes throw, and know nothing of statuses. */
export function answerErrors (app: FastifyInstance, node: string): void {
  app.setErrorHandler<FastifyError>(async (thrown, request, reply) => {
    const error = expected(thrown)
    if (error.httpStatus >= 500) request.log.warn({ err: error, method: request.method, route: request.routeOptions.url }, 'request failed')
    return await reply.code(error.httpStatus).send(errorBodyOf(error, node))
  })
  app.setNotFoundHandler(request => { throw new AgentRouteUnknownError(request.method, request.url.split('?')[0] ?? '') })
}

function expected (thrown: FastifyError): OvsdbHaError {
  if (thrown instanceof OvsdbHaError) return thrown
  if (thrown.validation !== undefined) return new RequestInvalidError(describeFaults(thrown.validationContext ?? 'request', thrown.validation))
  // fastify's own refusals: not JSON, too large, wrong content type
  if (thrown.code?.startsWith('FST_') && thrown.statusCode !== undefined && thrown.statusCode < 500) return new RequestInvalidError(thrown.message, thrown.statusCode)
  return new AgentInternalError(thrown)
}
