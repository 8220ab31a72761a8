import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { connect } from 'node:tls'
import type { CertificateTexts } from '../protocol/certificate-check.ts'
import { UnhealthyError } from './cli-errors.ts'

export interface HealthQuestion {
  readonly address: string
  readonly port: number
  readonly path: '/healthz' | '/readyz'
  /** Of the node or controller, which its certificate must carry. */
  readonly name: string
  readonly tls: CertificateTexts | null
}

const ANSWER_TIMEOUT_MS = 4_000
/** Reasons are short; nobody reads more. */
const BODY_CHARACTERS_MAX = 2_000

/** The daemon's certificate has expired, and its answers with it. */
export function isExpired (error: unknown): error is UnhealthyError {
  return error instanceof UnhealthyError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'CERT_HAS_EXPIRED'
}

/** Resolves when it shakes hands, whatever its certificate: then its event loop turns. Rejects with UnhealthyError when it does not in time. */
export function askHandshake ({ address, port, name }: Omit<HealthQuestion, 'path' | 'tls'>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, rejectUnauthorized: false })
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => { socket.destroy(new Error(`nothing for ${ANSWER_TIMEOUT_MS} ms`)) })
    socket.on('secureConnect', () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', cause => reject(new UnhealthyError(name, `no handshake with ${address} port ${port}: ${cause.message}`, cause)))
  })
}

/** Rejects with UnhealthyError when there is no answer in time. */
export function askHealth ({ address, port, path, name, tls }: HealthQuestion): Promise<{ readonly status: number, readonly body: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: address, port, path, agent: false as const, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }
    const asked = tls === null ? plainRequest(options) : tlsRequest({ ...options, ...tls, servername: name })
    asked.on('response', response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => { body = (body + chunk).slice(0, BODY_CHARACTERS_MAX) })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', failed)
    })
    function failed (cause: Error): void { reject(new UnhealthyError(name, `no answer from ${address} port ${port}: ${cause.message}`, cause)) }
    asked.on('error', failed)
    asked.end()
  })
}
