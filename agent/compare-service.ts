import type { CompareProgress, CompareReply, CompareRequest, MarkReply, MarkRequest, RecheckReply, RecheckRequest } from '../protocol/verify.ts'

/** How a controller has the databases of a backup compared with the active's. Rejections are OvsdbHaErrors. */
export interface CompareService {
  /** On a backup: reads itself and the active, table by table. One at a time. */
  compare (request: CompareRequest): Promise<CompareReply>
  progress (): CompareProgress
  /** On a backup: waits for the marker, and looks at the rows that differed once more. */
  recheck (request: RecheckRequest): Promise<RecheckReply>
  /** On the active, under its lease in that very term. */
  mark (request: MarkRequest): Promise<MarkReply>
}
