import type { X509Certificate } from 'node:crypto'
import type { ServerOptions } from 'node:https'
import { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { PeerNotAllowedError } from './api-errors.ts'

/** PEM texts, not paths. */
export interface TlsTexts {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every holder of a certificate of our authority may ask, whatever its name: health checks and scrapes. */
    anyPeer?: boolean
  }
}

const HANDSHAKE_TIMEOUT_MS = 5_000

/** Nobody without a certificate of our own authority gets past the handshake. */
export function serverTls (tls: TlsTexts): ServerOptions {
  return { key: tls.key, cert: tls.cert, ca: tls.ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_TIMEOUT_MS }
}

/**
 * Orders, votes and reports are for the nodes and controllers of cluster.yaml, by the name in their certificate (DNS
 * name, or common name where there is none). Only routes marked `anyPeer` ask for no name.
 */
export function requirePeers (app: FastifyInstance, allowed: readonly string[]): void {
  const known = new WeakSet<TLSSocket>() // checked once per connection
  app.addHook('onRequest', async request => {
    if (request.routeOptions.config.anyPeer === true) return
    const { socket } = request.raw
    if (socket instanceof TLSSocket && known.has(socket)) return
    const certificate = socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate() : undefined
    if (certificate === undefined || !isFor(certificate, allowed)) throw new PeerNotAllowedError(certificate?.subject.replaceAll('\n', ', ') ?? 'nobody', allowed)
    if (socket instanceof TLSSocket) known.add(socket)
  })
}

/** Compared by OpenSSL: names hidden inside other names' quotes do not count, and neither do wildcards. */
export function isFor (certificate: X509Certificate, names: readonly string[]): boolean {
  return names.some(name => certificate.checkHost(name, { subject: 'default', wildcards: false }) !== undefined)
}
