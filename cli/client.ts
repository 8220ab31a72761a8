import { createParser } from 'eventsource-parser'
import { Value } from 'typebox/value'
import {
  ClusterListSchema, ClusterViewSchema, ExplainReplySchema, HistoryEntrySchema, HistoryListSchema, OperationReplySchema,
  type AcknowledgeBody, type ClusterList, type ClusterView, type ConfirmOffBody, type ExplainReply, type FailoverBody, type FenceBody, type HistoryEntry,
  type HistoryQuery, type OperationView, type PauseBody, type QuorumForceBody, type SwitchoverBody, type UnfenceBody, type VotersBody
} from '../protocol/api.ts'
import { CopyComparisonsSchema, type CopyComparisons } from '../protocol/copy-comparison.ts'
import { FailoverPreviewSchema, type FailoverPreview, type FailoverPreviewQuery } from '../protocol/failover-preview.ts'
import { PlannedListSchema, PlannedSwitchoverSchema, SwitchoverPreviewSchema, type PlanBody, type PlannedList, type PlannedSwitchover, type SwitchoverPreview } from '../protocol/planned.ts'
import type { PreferenceBody } from '../protocol/preference.ts'
import { ClusterRescuesSchema, RescueViewSchema, type ClusterRescues, type RescueRemoveBody, type RescueSignBody, type RescueView } from '../protocol/rescue.ts'
import { ApplyReplySchema, RescueDiffSchema, type ApplyBody, type ApplyReply, type DiffQuery, type RescueDiff } from '../protocol/rescue-replay.ts'
import { ClusterSnapshotsSchema, SnapshotSchema, SnapshotVerdictSchema, type ClusterSnapshots, type Snapshot, type SnapshotVerdict, type TakeSnapshotBody } from '../protocol/snapshot.ts'
import { RunReplySchema, SchedulesViewSchema, type Job, type RunReply, type SchedulesView } from '../protocol/schedule.ts'
import { RestoreReplySchema, type RestoreBody, type RestoreReply } from '../protocol/restore.ts'
import { UpgradeCheckSchema, UpgradeViewSchema, type UpgradeRunBody, type UpgradeCheck, type UpgradeView } from '../protocol/upgrade.ts'
import { VerificationSchema, type Verification, type VerifyBody } from '../protocol/verify.ts'
import { createControllers } from './controllers.ts'
import { parseJson, type Access } from './http.ts'

/** The controllers' REST API as the commands use it. Refusals are RemoteErrors; no answer is a ControllerUnreachableError. */
export interface ControllerClient {
  clusters (): Promise<ClusterList>
  cluster (name: string): Promise<ClusterView>
  switchover (cluster: string, body: SwitchoverBody): Promise<OperationView>
  failover (cluster: string, body: FailoverBody): Promise<OperationView>
  planSwitchover (cluster: string, body: PlanBody): Promise<PlannedSwitchover>
  plannedSwitchovers (cluster: string): Promise<PlannedList>
  cancelSwitchover (cluster: string, id: string): Promise<PlannedList>
  previewSwitchover (cluster: string, to: string | undefined): Promise<SwitchoverPreview>
  previewFailover (cluster: string, query: FailoverPreviewQuery): Promise<FailoverPreview>
  compareCopies (cluster: string, to: string): Promise<CopyComparisons>
  fence (cluster: string, node: string, body: FenceBody): Promise<ClusterView>
  unfence (cluster: string, node: string, body: UnfenceBody): Promise<ClusterView>
  confirmOff (cluster: string, node: string, body: ConfirmOffBody): Promise<ClusterView>
  acknowledge (cluster: string, body: AcknowledgeBody): Promise<ClusterView>
  changeVoters (cluster: string, change: 'add' | 'remove', node: string, body: VotersBody): Promise<ClusterView>
  forceQuorum (cluster: string, body: QuorumForceBody): Promise<ClusterView>
  rescues (cluster: string): Promise<ClusterRescues>
  rescue (cluster: string, id: string): Promise<RescueView>
  rescueDiff (cluster: string, id: string, query: DiffQuery): Promise<RescueDiff>
  applyRescue (cluster: string, id: string, body: ApplyBody): Promise<ApplyReply>
  acknowledgeRescue (cluster: string, id: string, body: RescueSignBody): Promise<RescueView>
  removeRescue (cluster: string, id: string, body: RescueRemoveBody): Promise<RescueView>
  prefer (cluster: string, node: string, body: PreferenceBody): Promise<ClusterView>
  pause (cluster: string, body: PauseBody): Promise<ClusterView>
  resume (cluster: string): Promise<ClusterView>
  history (cluster: string, query: HistoryQuery): Promise<readonly HistoryEntry[]>
  entry (id: number): Promise<HistoryEntry>
  explain (cluster: string, at: number | undefined): Promise<ExplainReply>
  snapshots (cluster: string): Promise<ClusterSnapshots>
  takeSnapshot (cluster: string, body: TakeSnapshotBody): Promise<Snapshot>
  verifySnapshot (cluster: string, id: string): Promise<SnapshotVerdict>
  schedules (cluster: string): Promise<SchedulesView>
  /** Answered when it has begun. */
  runSchedule (cluster: string, job: Job): Promise<RunReply>
  upgrade (cluster: string): Promise<UpgradeView>
  upgradeCheck (cluster: string): Promise<UpgradeCheck>
  orderUpgrade (cluster: string, order: 'run' | 'stop' | 'resume', body: UpgradeRunBody): Promise<UpgradeView>
  /** With `dryRun` it tells what would be overwritten. */
  restoreSnapshot (cluster: string, id: string, body: RestoreBody): Promise<RestoreReply>
  /** Begins one; `verification` tells how far it is. */
  verify (cluster: string, body: VerifyBody): Promise<Verification>
  verification (cluster: string, id: string): Promise<Verification>
  /** The view of every cluster, then each changed one, until `signal` ends it or the stream breaks. */
  follow (signal: AbortSignal): AsyncIterable<ClusterView>
}

const READ_DEADLINE_MS = 10_000
/** An operation has deadlines of its own; this one is for a controller that is gone. */
const OPERATION_DEADLINE_MS = 600_000
/** The largest databases take minutes to copy and read back, on one node after the other. */
const SNAPSHOT_DEADLINE_MS = 7_200_000
/** Every node is asked, and reads its schemas. */
const CHECK_DEADLINE_MS = 30_000
const EVENT_CHARACTERS_MAX = 4 << 20

export function createControllerClient (servers: readonly string[], access: Access): ControllerClient {
  const { ask, stream } = createControllers(servers, access)
  const of = (cluster: string) => `/v1/clusters/${encodeURIComponent(cluster)}`
  const rescuesOf = (cluster: string, ...rest: readonly string[]) => [of(cluster), 'rescues', ...rest.map(encodeURIComponent)].join('/')
  return {
    clusters: () => ask(ClusterListSchema, 'GET', '/v1/clusters', null, READ_DEADLINE_MS),
    cluster: name => ask(ClusterViewSchema, 'GET', of(name), null, READ_DEADLINE_MS),
    switchover: async (cluster, body) => (await ask(OperationReplySchema, 'POST', `${of(cluster)}/switchover`, body, OPERATION_DEADLINE_MS)).operation,
    failover: async (cluster, body) => (await ask(OperationReplySchema, 'POST', `${of(cluster)}/failover`, body, OPERATION_DEADLINE_MS)).operation,
    planSwitchover: (cluster, body) => ask(PlannedSwitchoverSchema, 'POST', `${of(cluster)}/planned-switchovers`, body, READ_DEADLINE_MS),
    plannedSwitchovers: cluster => ask(PlannedListSchema, 'GET', `${of(cluster)}/planned-switchovers`, null, READ_DEADLINE_MS),
    cancelSwitchover: (cluster, id) => ask(PlannedListSchema, 'POST', `${of(cluster)}/planned-switchovers/${encodeURIComponent(id)}/cancel`, {}, READ_DEADLINE_MS),
    previewSwitchover: (cluster, to) => ask(SwitchoverPreviewSchema, 'GET', `${of(cluster)}/switchover/preview${to === undefined ? '' : `?to=${encodeURIComponent(to)}`}`, null, READ_DEADLINE_MS),
    previewFailover: (cluster, query) => ask(FailoverPreviewSchema, 'GET', `${of(cluster)}/failover/preview?${new URLSearchParams(Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]))}`, null, READ_DEADLINE_MS),
    compareCopies: (cluster, to) => ask(CopyComparisonsSchema, 'POST', `${of(cluster)}/failover/compare`, { to }, OPERATION_DEADLINE_MS),
    fence: (cluster, node, body) => ask(ClusterViewSchema, 'POST', `${of(cluster)}/nodes/${encodeURIComponent(node)}/fence`, body, OPERATION_DEADLINE_MS),
    unfence: (cluster, node, body) => ask(ClusterViewSchema, 'POST', `${of(cluster)}/nodes/${encodeURIComponent(node)}/unfence`, body, OPERATION_DEADLINE_MS),
    confirmOff: (cluster, node, body) => ask(ClusterViewSchema, 'POST', `${of(cluster)}/nodes/${encodeURIComponent(node)}/confirm-off`, body, READ_DEADLINE_MS),
    acknowledge: (cluster, body) => ask(ClusterViewSchema, 'POST', `${of(cluster)}/acknowledge`, body, READ_DEADLINE_MS),
    changeVoters: (cluster, change, node, body) => ask(ClusterViewSchema, 'POST', `${of(cluster)}/voters/${encodeURIComponent(node)}/${change}`, body, OPERATION_DEADLINE_MS),
    forceQuorum: (cluster, body) => ask(ClusterViewSchema, 'POST', `${of(cluster)}/quorum/force`, body, OPERATION_DEADLINE_MS),
    rescues: cluster => ask(ClusterRescuesSchema, 'GET', rescuesOf(cluster), null, READ_DEADLINE_MS),
    rescue: (cluster, id) => ask(RescueViewSchema, 'GET', rescuesOf(cluster, id), null, READ_DEADLINE_MS),
    rescueDiff: (cluster, id, query) => ask(RescueDiffSchema, 'POST', rescuesOf(cluster, id, 'diff'), query, OPERATION_DEADLINE_MS),
    applyRescue: (cluster, id, body) => ask(ApplyReplySchema, 'POST', rescuesOf(cluster, id, 'apply'), body, OPERATION_DEADLINE_MS),
    acknowledgeRescue: (cluster, id, body) => ask(RescueViewSchema, 'POST', rescuesOf(cluster, id, 'acknowledge'), body, READ_DEADLINE_MS),
    removeRescue: (cluster, id, body) => ask(RescueViewSchema, 'POST', rescuesOf(cluster, id, 'remove'), body, READ_DEADLINE_MS),
    prefer: (cluster, node, body) => ask(ClusterViewSchema, 'POST', `${of(cluster)}/nodes/${encodeURIComponent(node)}/preference`, body, READ_DEADLINE_MS),
    pause: (cluster, body) => ask(ClusterViewSchema, 'POST', `${of(cluster)}/pause`, body, READ_DEADLINE_MS),
    resume: cluster => ask(ClusterViewSchema, 'POST', `${of(cluster)}/resume`, {}, READ_DEADLINE_MS),
    async history (cluster, query) {
      const search = new URLSearchParams(Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]))
      return (await ask(HistoryListSchema, 'GET', `${of(cluster)}/history?${search}`, null, READ_DEADLINE_MS)).entries
    },
    explain: (cluster, at) => ask(ExplainReplySchema, 'GET', `${of(cluster)}/explain${at === undefined ? '' : `?id=${at}`}`, null, READ_DEADLINE_MS),
    entry: id => ask(HistoryEntrySchema, 'GET', `/v1/history/${id}`, null, READ_DEADLINE_MS),
    snapshots: cluster => ask(ClusterSnapshotsSchema, 'GET', `${of(cluster)}/snapshots`, null, READ_DEADLINE_MS),
    takeSnapshot: (cluster, body) => ask(SnapshotSchema, 'POST', `${of(cluster)}/snapshots`, body, SNAPSHOT_DEADLINE_MS),
    verifySnapshot: (cluster, id) => ask(SnapshotVerdictSchema, 'POST', `${of(cluster)}/snapshots/${encodeURIComponent(id)}/verify`, {}, SNAPSHOT_DEADLINE_MS),
    schedules: cluster => ask(SchedulesViewSchema, 'GET', `${of(cluster)}/schedules`, null, READ_DEADLINE_MS),
    runSchedule: (cluster, job) => ask(RunReplySchema, 'POST', `${of(cluster)}/schedules/${job}/run`, {}, READ_DEADLINE_MS),
    upgrade: cluster => ask(UpgradeViewSchema, 'GET', `${of(cluster)}/upgrade`, null, READ_DEADLINE_MS),
    upgradeCheck: cluster => ask(UpgradeCheckSchema, 'GET', `${of(cluster)}/upgrade/check`, null, CHECK_DEADLINE_MS),
    orderUpgrade: (cluster, order, body) => ask(UpgradeViewSchema, 'POST', `${of(cluster)}/upgrade/${order}`, body, body.convert === true || body.cutOver === true ? SNAPSHOT_DEADLINE_MS : CHECK_DEADLINE_MS),
    restoreSnapshot: (cluster, id, body) => ask(RestoreReplySchema, 'POST', `${of(cluster)}/snapshots/${encodeURIComponent(id)}/restore`, body, SNAPSHOT_DEADLINE_MS),
    verify: (cluster, body) => ask(VerificationSchema, 'POST', `${of(cluster)}/verifications`, body, READ_DEADLINE_MS),
    verification: (cluster, id) => ask(VerificationSchema, 'GET', `${of(cluster)}/verifications/${encodeURIComponent(id)}`, null, READ_DEADLINE_MS),
    follow: signal => viewsOf(stream('/v1/events', signal))
  }
}

async function * viewsOf (body: AsyncIterable<Uint8Array>): AsyncGenerator<ClusterView> {
  const views: ClusterView[] = []
  const parser = createParser({
    maxBufferSize: EVENT_CHARACTERS_MAX,
    onEvent ({ event, data }) {
      const view = event === 'cluster' ? parseJson(data) : undefined
      if (Value.Check(ClusterViewSchema, view)) views.push(view)
    }
  })
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    yield * views.splice(0)
  }
}
