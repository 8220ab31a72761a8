import type { RestorePlan, RestorePlanRequest } from '../protocol/restore.ts'

/** On the node that has a snapshot: what restoring it would do to the active. Rejections are OvsdbHaErrors. */
export interface RestoreService {
  plan (id: string, request: RestorePlanRequest): Promise<RestorePlan>
}
