import { Type } from 'typebox'
import type { ClusterService } from '../cluster-service.ts'
import { ClusterUnknownError } from './api-errors.ts'

export type ClusterServices = ReadonlyMap<string, ClusterService>

export const ClusterParamsSchema = Type.Object({ cluster: Type.String({ minLength: 1, maxLength: 63 }) })

export function serviceOf (clusters: ClusterServices, name: string): ClusterService {
  const service = clusters.get(name)
  if (service === undefined) throw new ClusterUnknownError(name, [...clusters.keys()])
  return service
}
