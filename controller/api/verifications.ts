import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorBodySchema } from '../../protocol/api.ts'
import { VerificationListSchema, VerificationSchema, VerifyBodySchema } from '../../protocol/verify.ts'
import type { Verifier } from '../verifier.ts'
import { ClusterUnknownError } from './api-errors.ts'
import { ClusterParamsSchema } from './service-of.ts'

export type Verifiers = ReadonlyMap<string, Verifier>

const params = Type.Object({ ...ClusterParamsSchema.properties, id: Type.String({ minLength: 1, maxLength: 64 }) })
const refused = { 404: ErrorBodySchema, 409: ErrorBodySchema, 503: ErrorBodySchema }

/** Databases of the backups compared with the active's. It takes as long as reading all of them: it is begun, and then looked at. */
export const verificationRoutes: FastifyPluginAsyncTypebox<{ verifiers: Verifiers }> = async (app, { verifiers }) => {
  const path = '/v1/clusters/:cluster/verifications'
  function verifierOf (cluster: string): Verifier {
    const verifier = verifiers.get(cluster)
    if (verifier === undefined) throw new ClusterUnknownError(cluster, [...verifiers.keys()])
    return verifier
  }

  app.post(path, {
    config: { role: 'operator' } as const,
    schema: { summary: 'Begin to compare every table of every backup with the active; its progress and its result are under its id', params: ClusterParamsSchema, body: VerifyBodySchema, response: { 202: VerificationSchema, ...refused } }
  }, async ({ params: { cluster }, body, actor }, reply) => await reply.code(202).send(verifierOf(cluster).begin(body, actor)))

  app.get(path, {
    config: { role: 'viewer' } as const,
    schema: { summary: 'The last verifications that the leader knows, newest first', params: ClusterParamsSchema, response: { 200: VerificationListSchema, ...refused } }
  }, async ({ params: { cluster } }) => ({ verifications: [...verifierOf(cluster).list()] }))

  app.get(`${path}/:id`, {
    config: { role: 'viewer' } as const,
    schema: { summary: 'How far a verification is, or how it ended: table by table', params, response: { 200: VerificationSchema, ...refused } }
  }, async ({ params: { cluster, id } }) => verifierOf(cluster).show(id))
}
