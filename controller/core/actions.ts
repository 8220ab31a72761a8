// Everything the leader asks of the world; performed in order, answered only by events.
import type { RefusedNode, Severity } from '../../protocol/api.ts'
import type { Order } from '../../protocol/order.ts'
import type { TermRequest } from '../../protocol/vote.ts'
import type { EndedOperation, Kept, Memory, Operation } from './state.ts'

export type CommandRefusal =
  | { readonly kind: 'notLeading' }
  | { readonly kind: 'unknownNode', readonly node: string }
  | { readonly kind: 'operationRuns', readonly operation: number, readonly what: string }
  | { readonly kind: 'noActive', readonly why: string }
  | { readonly kind: 'activeServes', readonly active: string }
  | { readonly kind: 'alreadyActive', readonly node: string }
  | { readonly kind: 'noCandidate', readonly refused: readonly RefusedNode[] }
  | { readonly kind: 'noFenceDevice', readonly node: string }
  | { readonly kind: 'fencedServes', readonly node: string }
  | { readonly kind: 'nothingToAcknowledge' }
  | { readonly kind: 'unknownFailover', readonly term: number, readonly known: readonly number[] }
  | { readonly kind: 'unknownMember', readonly node: string }
  | { readonly kind: 'votersRefused', readonly why: string }
  /** It was begun, and did not come to its end. */
  | { readonly kind: 'votersFailed', readonly why: string }
  | { readonly kind: 'notOff', readonly node: string, readonly why: string }

export type Facts = Readonly<Record<string, string | number | boolean | null>>

export type ClusterAction =
  /** `voters`: whom to ask; answers of members without a vote count for nothing. */
  | { readonly type: 'askTerm', readonly operation: number, readonly voters: readonly string[], readonly request: TermRequest }
  | { readonly type: 'order', readonly tag: number, readonly node: string, readonly order: Order }
  | { readonly type: 'remember', readonly memory: Memory }
  | { readonly type: 'record', readonly kind: string, readonly severity: Severity, readonly node: string | null, readonly message: string, readonly facts: Facts }
  | { readonly type: 'operationBegan', readonly operation: Operation }
  | { readonly type: 'operationEnded', readonly ended: EndedOperation }
  /** Power of a node; `commandId` is null when no operator waits for it. */
  | { readonly type: 'fence', readonly tag: number, readonly node: string, readonly action: 'off' | 'on', readonly by: string, readonly commandId: number | null }
  /** To the store, so that the next leader knows it. */
  | { readonly type: 'keep', readonly kept: Kept }
  /** A turn is wanted, or given back; answered at once by `turnGiven`, and again when one that waits is granted. */
  | { readonly type: 'turn', readonly want: boolean }
  | { readonly type: 'commandDone', readonly commandId: number }
  | { readonly type: 'refuseCommand', readonly commandId: number, readonly refusal: CommandRefusal }
  /** These agents are asked for a report at once, apart from their streams. */
  | { readonly type: 'look', readonly nodes: readonly string[] }
  | { readonly type: 'wakeAt', readonly atMs: number }
