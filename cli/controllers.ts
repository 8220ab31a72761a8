// Several controllers as one: whoever answers is good enough to read from, and an order goes to the one that leads, as does a question that only it can answer.
import { Type } from 'typebox'
import { RemoteError } from '../protocol/remote-error.ts'
import { ControllerUnreachableError } from './cli-errors.ts'
import { createHttp, type Access, type Http } from './http.ts'

/** With another one to ask, a controller that takes the connection and says nothing (frozen, say) is given up sooner. */
const NEXT_AFTER_MS = 3_000
/** From follower to leader, which may have changed meanwhile. */
const HOPS_MAX = 3
const NOT_LEADING = 'OVSDB_HA_NOT_LEADING'
const Alive = Type.Object({ ok: Type.Literal(true) })

/**
 * An order is never sent twice: the next controller gets it only when the one before was not reached at all, or refused
 * it for not leading. `servers` holds at least one.
 */
export function createControllers (servers: readonly string[], access: Access): Http {
  const dialled = new Map<string, Http>()
  /** The last one that answered comes first. */
  let order = servers

  function to (server: string): Http {
    const known = dialled.get(server) ?? createHttp({ server, ...access })
    dialled.set(server, known)
    return known
  }

  function prefer (server: string): void {
    order = [server, ...order.filter(one => one !== server)]
  }

  /** Tries one after the other while `isNext` says so of the failure; the last failure is the caller's. */
  async function firstOf<T> (tried: readonly string[], attempt: (server: string, isLast: boolean) => Promise<T>, isNext: (error: unknown) => boolean): Promise<T> {
    const [server = '', ...others] = tried
    try {
      const answer = await attempt(server, others.length === 0)
      prefer(server)
      return answer
    } catch (error) {
      if (others.length === 0 || !isNext(error)) throw error
      return await firstOf(others, attempt, isNext)
    }
  }

  const unreachable = (error: unknown) => error instanceof ControllerUnreachableError

  const read: Http['ask'] = (schema, method, path, body, deadlineMs) =>
    firstOf(order, (server, isLast) => follow(server, one => to(one).ask(schema, method, path, body, isLast ? deadlineMs : Math.min(deadlineMs, NEXT_AFTER_MS))), error => unreachable(error) || isFollower(error))

  const send: Http['ask'] = async (schema, method, path, body, deadlineMs) => {
    // a frozen controller takes an order and never answers: look for a living one first
    if (order.length > 1) await read(Alive, 'GET', '/healthz', null, deadlineMs)
    const ask = (server: string) => follow(server, one => to(one).ask(schema, method, path, body, deadlineMs))
    return await firstOf(order, ask, error => isFollower(error) || (error instanceof ControllerUnreachableError && error.nothingSent))
  }

  return {
    ask: (schema, method, path, body, deadlineMs) => method === 'GET' ? read(schema, method, path, body, deadlineMs) : send(schema, method, path, body, deadlineMs),
    async * stream (path, signal) {
      let begun = false
      for (const [index, server] of order.entries()) {
        try {
          for await (const chunk of to(server).stream(path, signal)) {
            begun = true
            prefer(server)
            yield chunk
          }
          return
        } catch (error) {
          if (begun || index === order.length - 1 || !unreachable(error)) throw error
        }
      }
    }
  }
}

/** Asks, and asks again where a follower says who leads. The token goes to no address with less protection. */
async function follow<T> (server: string, ask: (server: string) => Promise<T>): Promise<T> {
  for (let hops = 0, asked = server; ; hops++) {
    try {
      return await ask(asked)
    } catch (error) {
      const url = isFollower(error) ? error.leader?.url : undefined
      if (url === undefined || url === null || hops === HOPS_MAX || new URL(url).protocol !== new URL(server).protocol) throw error
      asked = new URL(url).origin
    }
  }
}

function isFollower (error: unknown): error is RemoteError {
  return error instanceof RemoteError && error.code === NOT_LEADING
}
