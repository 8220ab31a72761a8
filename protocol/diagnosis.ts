// What is wrong, by name: conclusions that the controller draws from everything it has heard. Names are stable: alerts,
// runbooks and people rely on them.
import { Type, type Static } from 'typebox'

/** Name -> its page in docs/runbooks. The most urgent first: so they are shown. */
export const DIAGNOSIS_PAGES = {
  severalActives: 'several-actives.md',
  clusterHolds: 'README.md',
  deadNode: 'dead-node.md',
  unreachableAgent: 'unreachable-agent.md',
  isolatedNode: 'isolated-node.md',
  fencedNode: 'node-fenced.md',
  unsanctionedActive: 'unsanctioned-active.md',
  endpointLost: 'endpoint-lost.md',
  deadServer: 'server-ill.md',
  hungServer: 'server-ill.md',
  busyServer: 'server-ill.md',
  unknownServer: 'server-ill.md',
  diskFull: 'disk-full.md',
  replicationBroken: 'replication-broken.md',
  incompleteCopy: 'incomplete-copy.md',
  differingBackup: 'backup-differs.md',
  laggingBackup: 'lagging-backup.md',
  cannotVote: 'cannot-vote.md',
  strayTerm: 'term-reasserted.md',
  configDiffers: 'config-differs.md',
  guardMissing: 'guard-missing.md',
  heartbeatFails: 'heartbeat.md',
  duplicateAddress: 'duplicate-address.md',
  endpointImpaired: 'duplicate-address.md',
  companionFails: 'companions.md',
  connectionsDiffer: 'connections.md',
  watchdogFails: 'watchdog.md',
  rescuesUnreadable: 'rescue-directory-full.md',
  fenceDeviceFails: 'fence-failed.md'
} as const

export type DiagnosisName = keyof typeof DIAGNOSIS_PAGES
export const DIAGNOSIS_NAMES = Object.keys(DIAGNOSIS_PAGES) as readonly DiagnosisName[]

export const DiagnosisViewSchema = Type.Object({
  name: Type.Enum(DIAGNOSIS_NAMES as DiagnosisName[]),
  /** Null: the cluster as a whole. One diagnosis per name and node; its servers are in the evidence. */
  node: Type.Union([Type.String(), Type.Null()]),
  message: Type.String(),
  /** Page in docs/runbooks. */
  runbook: Type.String(),
  evidence: Type.Array(Type.Object({
    /** Who saw it: a node by its report, or the controller. */
    by: Type.String(),
    saw: Type.String(),
    at: Type.String({ description: 'ISO 8601, UTC' })
  }))
})
export type DiagnosisView = Static<typeof DiagnosisViewSchema>
