import type { CompactReply, CompactRequest } from '../protocol/maintenance.ts'
import type { NodeVersions } from '../protocol/versions.ts'

/** What a controller may ask of one cluster's servers on this node that has nothing to do with who serves. Rejections are OvsdbHaErrors. */
export interface MaintenanceService {
  /** One at a time; refused when the node is not what the request says. */
  compact (request: CompactRequest): Promise<CompactReply>
  /** Which program and which schemas run here, and which a restart or a conversion would bring. */
  versions (): Promise<NodeVersions>
}
