import type { FastifyError, FastifyInstance } from 'fastify'
import { Compile } from 'typebox/compile'
import { ErrorBodySchema, type ErrorBody } from '../../protocol/api.ts'
import { OvsdbHaError } from '../../protocol/errors.ts'
import { describeFaults } from '../../protocol/request-fault.ts'
import { BadRequestError, InternalError, RouteUnknownError } from './api-errors.ts'

const withDetails = Compile(ErrorBodySchema)

/** What every error answer says. An error may carry a `term`, `refused` nodes and a `leader` of its own; they are passed on when they are of the schema's shape. */
export function errorBodyOf (error: OvsdbHaError): ErrorBody {
  const { code, message, hint, cluster, node } = error
  const body = { code, message, hint, ...(cluster === undefined ? {} : { cluster }), ...(node === undefined ? {} : { node }) }
  const { term, refused, leader } = error as { readonly term?: unknown, readonly refused?: unknown, readonly leader?: unknown }
  const full = { ...body, ...(term === undefined ? {} : { term }), ...(refused === undefined ? {} : { refused }), ...(leader === undefined ? {} : { leader }) }
  return withDetails.Check(full) ? full : body
}

/** The one place where a failure becomes an answer: routes throw, and know nothing of statuses. */
export function answerErrors (app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>(async (thrown, request, reply) => {
    const error = expected(thrown)
    if (error.httpStatus >= 500) request.log.error({ err: error, method: request.method, route: request.routeOptions.url }, 'request failed')
    if (error.httpStatus === 401) reply.header('www-authenticate', 'Bearer')
    return await reply.code(error.httpStatus).send(errorBodyOf(error))
  })
  app.setNotFoundHandler(request => { throw new RouteUnknownError(request.method, request.url.split('?')[0] ?? '') })
}

function expected (thrown: FastifyError): OvsdbHaError {
  if (thrown instanceof OvsdbHaError) return thrown
  if (thrown.validation !== undefined) return new BadRequestError(describeFaults(thrown.validationContext ?? 'request', thrown.validation))
  // fastify's own refusals: not JSON, too large, wrong content type
  if (thrown.code?.startsWith('FST_') && thrown.statusCode !== undefined && thrown.statusCode < 500) return new BadRequestError(thrown.message, thrown.statusCode)
  return new InternalError(thrown)
}
