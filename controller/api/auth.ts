import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { TokenConfig } from '../../protocol/cluster.ts'
import { NotAllowedError, NotAuthenticatedError } from './api-errors.ts'

export interface Token {
  readonly name: string
  readonly role: TokenConfig['role']
  /** The secret itself; kept only as its digest, never logged. */
  readonly token: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks: the token's name, or `local`. */
    actor: string
  }
  interface FastifyContextConfig {
    /** `open`: no token needed. A route that names no role is for operators. */
    role?: 'open' | TokenConfig['role']
  }
}

/** Whoever may do more may do what others may. */
const RANKS: Record<TokenConfig['role'], number> = { viewer: 0, operator: 1, admin: 2 }

const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * Asks every request for a token whose role suffices, and records who it was. Without configured tokens everybody who
 * reaches the API is the admin `local`: the configuration allows that on a loopback address only.
 */
export function requireTokens (app: FastifyInstance, tokens: readonly Token[]): void {
  const known = tokens.map(({ name, role, token }) => ({ name, role, digest: digest(token) }))
  app.decorateRequest('actor', '')
  app.addHook('onRequest', async request => {
    const role = request.routeOptions.config.role ?? 'operator'
    if (role === 'open' || request.is404) return
    if (known.length === 0) {
      refuseBrowsersOfOthers(request)
      request.actor = 'local'
      return
    }
    const sent = bearer(request)
    if (sent === null) throw new NotAuthenticatedError('missing')
    const sentDigest = digest(sent)
    // every token is compared, each in constant time: the answer's timing tells nothing of how near a guess was
    const [holder] = known.filter(token => timingSafeEqual(token.digest, sentDigest))
    if (holder === undefined) throw new NotAuthenticatedError('unknown')
    request.actor = holder.name
    if (RANKS[holder.role] < RANKS[role]) {
      throw new NotAllowedError(`${holder.name} is ${holder.role === 'viewer' ? 'a viewer' : 'an operator'} and may not do this`, `Use a token with the role ${role} (controller.tokens).`)
    }
  })
}

function bearer ({ headers }: FastifyRequest): string | null {
  return /^Bearer ([\x21-\x7e]{1,1024})$/i.exec(headers.authorization ?? '')?.[1] ?? null
}

/**
 * Loopback keeps other hosts out, and not the web pages that a browser on this host shows. A page of another site sends
 * its Origin; one that re-bound its own DNS name to this address sends that name as Host.
 */
function refuseBrowsersOfOthers ({ headers, host, hostname }: FastifyRequest): void {
  const hint = 'Configure controller.tokens, or ask by address: http://127.0.0.1:PORT.'
  const name = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(name) === 0 && name !== 'localhost') throw new NotAllowedError(`Without tokens this API is not answered under the name ${name}`, hint)
  const { origin } = headers
  if (origin !== undefined && !/^https?:\/\//.test(origin)) throw new NotAllowedError('Without tokens this API is not for pages of other sites', hint)
  if (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) throw new NotAllowedError(`Without tokens this API is not for pages of ${origin}`, hint)
}
