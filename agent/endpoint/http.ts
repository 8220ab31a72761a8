import { monotonicMs } from '../clock.ts'
import type { Endpoint } from './endpoint.ts'

export interface HttpEndpointOptions {
  /** What reports and metrics call it. */
  readonly name: string
  /** The node's own: load balancers dial it, and the gate opens there. */
  readonly address: string
}

/**
 * Clients come by load balancers, which ask the agent who serves (`GET /active`). So there is nothing to take and nothing
 * to announce: the gate on the node's own address and the guard before it let clients in, and shut them out (S4).
 */
export function createHttpEndpoint ({ name, address }: HttpEndpointOptions): Endpoint {
  let untilMs = -Infinity
  return {
    addresses: [address],
    async hold (lifetimeMs) { untilMs = monotonicMs() + lifetimeMs },
    announce () {},
    async release () { untilMs = -Infinity },
    async held () { return new Map([[name, monotonicMs() < untilMs]]) },
    onDuplicate () {},
    detach () {}
  }
}
