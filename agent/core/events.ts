// Everything that can happen to a unit: the only way in.
import type { Order, Step } from '../../protocol/order.ts'
import type { Problem, ServerRole } from '../../protocol/report.ts'
import type { LeaseReply, LeaseRequest, ReleaseRequest, TermRequest } from '../../protocol/vote.ts'
import type { ServerObservation } from '../server.ts'

export type UnitEvent =
  /** Time passed: something may be due. Harmless at any moment. */
  | { readonly type: 'woke' }
  | { readonly type: 'termAsked', readonly requestId: number, readonly request: TermRequest }
  | { readonly type: 'leaseAsked', readonly requestId: number, readonly request: LeaseRequest }
  | { readonly type: 'releaseTold', readonly requestId: number, readonly request: ReleaseRequest }
  | { readonly type: 'leaseAnswered', readonly roundId: number, readonly voter: string, readonly reply: LeaseReply }
  | { readonly type: 'ordered', readonly orderId: number, readonly order: Order }
  /** A look at one server; `startedAtMs` is when the look began. */
  | { readonly type: 'observed', readonly server: string, readonly startedAtMs: number, readonly observation: ServerObservation }
  | { readonly type: 'serverStarted', readonly server: string, readonly op: number, readonly adopted: boolean, readonly role: ServerRole }
  /** A slow action ended. `error` is null when it succeeded. */
  | { readonly type: 'finished', readonly op: number, readonly error: string | null, readonly steps: readonly Step[] }
  | { readonly type: 'endpointsSeen', readonly held: Readonly<Record<string, boolean>> }
  | { readonly type: 'problemsSeen', readonly problems: readonly Problem[] }
