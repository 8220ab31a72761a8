import type { SnapshotList, SnapshotReply, SnapshotRequest, SnapshotVerdict, SnapshotVerifyRequest } from '../protocol/snapshot.ts'

/** The snapshots of one cluster on this node. Rejections are OvsdbHaErrors. */
export interface SnapshotService {
  /** One at a time; kept only when it was read back whole. */
  take (request: SnapshotRequest): Promise<SnapshotReply>
  list (): Promise<SnapshotList>
  verify (id: string, request: SnapshotVerifyRequest): Promise<SnapshotVerdict>
}
