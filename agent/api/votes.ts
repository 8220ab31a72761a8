import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { OrderReplySchema, OrderSchema } from '../../protocol/order.ts'
import { LeaseReplySchema, LeaseRequestSchema, ReleaseRequestSchema, TermReplySchema, TermRequestSchema } from '../../protocol/vote.ts'
import { ClusterParamsSchema, unitOf, type RouteOptions } from './unit-of.ts'

const params = ClusterParamsSchema

/** What controllers (terms, orders) and fellow voters (leases, releases) ask. A refused vote is an answer (200), not an error. */
export const voteRoutes: FastifyPluginAsyncTypebox<RouteOptions> = async (app, options) => {
  app.post('/v1/clusters/:cluster/term', { schema: { params, body: TermRequestSchema, response: { 200: TermReplySchema } } }, async request => {
    return await unitOf(options, request.params.cluster).term(request.body)
  })

  app.post('/v1/clusters/:cluster/lease', { schema: { params, body: LeaseRequestSchema, response: { 200: LeaseReplySchema } } }, async request => {
    return await unitOf(options, request.params.cluster).lease(request.body)
  })

  app.post('/v1/clusters/:cluster/release', { schema: { params, body: ReleaseRequestSchema } }, async (request, reply) => {
    await unitOf(options, request.params.cluster).release(request.body)
    return await reply.code(204).send()
  })

  /** Answers when the order is done or undone, up to its own deadline. It goes on when the caller goes away. */
  app.post('/v1/clusters/:cluster/orders', { schema: { params, body: OrderSchema, response: { 200: OrderReplySchema } } }, async request => {
    return await unitOf(options, request.params.cluster).order(request.body)
  })
}
