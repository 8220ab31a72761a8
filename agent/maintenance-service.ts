import type { CompactReply, CompactRequest } from '../protocol/maintenance.ts'

/** What a controller may ask of one cluster's servers on this node that has nothing to do with who serves. Rejections are OvsdbHaErrors. */
export interface MaintenanceService {
  /** One at a time; refused when the node is not what the request says. */
  compact (request: CompactRequest): Promise<CompactReply>
}
