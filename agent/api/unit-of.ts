import { Type } from 'typebox'
import type { UnitService } from '../unit-service.ts'
import { UnitUnknownError } from './api-errors.ts'

export type Units = ReadonlyMap<string, UnitService>

/** What the routes need. */
export interface RouteOptions {
  readonly units: Units
  readonly node: string
}

export const ClusterParamsSchema = Type.Object({ cluster: Type.String({ minLength: 1, maxLength: 63 }) })

export function unitOf ({ units, node }: RouteOptions, cluster: string): UnitService {
  const unit = units.get(cluster)
  if (unit === undefined) throw new UnitUnknownError(cluster, node, [...units.keys()])
  return unit
}
