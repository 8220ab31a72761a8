// Everything a unit asks of the world. The shell performs actions in order and never answers but by an event; an action
// with an `op` is slow: the shell starts it and reports `finished` with that number.
import type { LastWrites, Order, OrderReply } from '../../protocol/order.ts'
import type { LeaseReply, LeaseRequest, ReleaseRequest, TermReply } from '../../protocol/vote.ts'
import type { Position } from '../../protocol/position.ts'
import type { VoterRecord } from './voter.ts'

/** What is stored durably; fsynced before any later action of the same step. */
export interface DurableState {
  readonly voter: VoterRecord
  readonly ownRelease: { readonly term: number, readonly served: boolean }
}

export type OrderRefusal =
  | { readonly kind: 'staleTerm', readonly term: number }
  | { readonly kind: 'notHolder', readonly holder: string | null, readonly term: number }
  | { readonly kind: 'released', readonly term: number }
  | { readonly kind: 'busy', readonly doing: string }
  | { readonly kind: 'cannotVote', readonly problem: string }
  | { readonly kind: 'notServing' }
  | { readonly kind: 'notDataNode' }
  | { readonly kind: 'badSource', readonly source: string, readonly why: string }
  | { readonly kind: 'notReady', readonly why: string }
  | { readonly kind: 'votersRefused', readonly why: string }
  | { readonly kind: 'notAlone', readonly why: string }

export type Facts = Readonly<Record<string, string | number | boolean | null>>

export type UnitAction =
  | { readonly type: 'persist', readonly durable: DurableState }
  | { readonly type: 'answerTerm', readonly requestId: number, readonly reply: TermReply }
  | { readonly type: 'answerLease', readonly requestId: number, readonly reply: LeaseReply }
  | { readonly type: 'answerRelease', readonly requestId: number }
  | { readonly type: 'answerOrder', readonly orderId: number, readonly reply: OrderReply }
  | { readonly type: 'refuseOrder', readonly orderId: number, readonly order: Order, readonly refusal: OrderRefusal }
  /** To every fellow voter (this node's own vote is counted inside). */
  | { readonly type: 'askVoters', readonly roundId: number, readonly request: LeaseRequest }
  | { readonly type: 'tellVoters', readonly request: ReleaseRequest }
  | { readonly type: 'startServer', readonly server: string, readonly op: number }
  /** Placeholder source: read-only at once, data kept; then a gate that was left open is closed. `lastMarker` is written before, behind a gate that is shut. */
  | { readonly type: 'demoteServer', readonly server: string, readonly op: number, readonly lastMarker: string | null }
  | { readonly type: 'killServer', readonly server: string, readonly op: number }
  /** Ended in order, and started anew as backups on the placeholder; `convertTo`: with the schema of this digest. */
  | { readonly type: 'restartServers', readonly servers: ReadonlyArray<{ readonly name: string, readonly convertTo: string | null }>, readonly op: number }
  /** While it serves, by OVSDB's own method. */
  | { readonly type: 'convertDatabases', readonly servers: ReadonlyArray<{ readonly name: string, readonly convertTo: string }>, readonly op: number }
  | { readonly type: 'promoteServers', readonly op: number, readonly position: Position, readonly force: boolean, readonly lastWrites: LastWrites | null }
  /** Endpoints, and the packet guard: no gate is there yet. */
  | { readonly type: 'takeEndpoints', readonly op: number, readonly untilMs: number }
  | { readonly type: 'openGates', readonly op: number }
  /** The lease was extended: guard and endpoints live on until then; `endpoints` only once they were taken. */
  | { readonly type: 'extendGuard', readonly untilMs: number, readonly endpoints: boolean }
  | { readonly type: 'announceEndpoints' }
  /** Shut gates and guard, at once and before anything else under way; kill the named servers first. */
  | { readonly type: 'stopServing', readonly op: number, readonly kill: readonly string[] }
  | { readonly type: 'releaseEndpoints', readonly afterMs: number }
  /** Close the gates and write the marker into each database. */
  | { readonly type: 'beginHandover', readonly op: number, readonly marker: string }
  | { readonly type: 'freezeServers', readonly op: number }
  | { readonly type: 'awaitMarker', readonly op: number, readonly marker: string, readonly deadlineMs: number }
  | { readonly type: 'followSource', readonly op: number, readonly source: string, readonly deadlineMs: number }
  | { readonly type: 'abandonFollow', readonly op: number }
  | { readonly type: 'writeHeartbeat', readonly op: number, readonly position: Position }
  | { readonly type: 'happened', readonly kind: string, readonly message: string, readonly facts: Facts }
  /** Send `woke` no later than then. */
  | { readonly type: 'wakeAt', readonly atMs: number }
