// Where an ovsdb-server listens, and how to get a socket to it.
import { readFile } from 'node:fs/promises'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { invariant } from '../../protocol/invariant.ts'
import type { TlsFiles } from '../../protocol/cluster.ts'
import {
  ServerClosedError, ServerOverloadedError, ServerRefusedError, ServerSocketMissingError, ServerTimeoutError, ServerTlsError,
  ServerUnreachableError, type ServerTalkError
} from './errors.ts'

export type Target =
  | { readonly method: 'unix', readonly path: string }
  | { readonly method: 'tcp', readonly host: string, readonly port: number }
  | { readonly method: 'ssl', readonly host: string, readonly port: number, readonly tls: TlsFiles }

/** Reads OVSDB's spelling: `unix:PATH`, `tcp:10.0.0.1:6641`, `ssl:[fd00::1]:6641`. `tls` is needed for `ssl` only. */
export function parseTarget (text: string, tls: TlsFiles | null): Target {
  if (text.startsWith('unix:')) return { method: 'unix', path: text.slice('unix:'.length) }
  const [, method, bracketed, plain, digits] = /^(tcp|ssl):(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  const port = Number(digits ?? 0)
  invariant(port > 0 && port < 65_536, `not the address of an OVSDB server: ${text}`)
  if (method === 'tcp') return { method, host, port }
  invariant(tls !== null, `${text} needs certificates`)
  return { method: 'ssl', host, port, tls }
}

export function formatTarget (target: Target): string {
  if (target.method === 'unix') return `unix:${target.path}`
  return `${target.method}:${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
}

/** Connects within `timeoutMs`, or rejects with a ServerTalkError. The socket that comes back has no listeners of ours left. */
export async function dial (target: Target, timeoutMs: number): Promise<Socket> {
  const where = formatTarget(target)
  const startedMs = performance.now()
  const socket = await openSocket(target)
  return await new Promise<Socket>((resolve, reject) => {
    const connected = target.method === 'ssl' ? 'secureConnect' : 'connect'
    const timer = setTimeout(() => settle(new ServerTimeoutError(where, 'connecting', timeoutMs)), Math.max(0, timeoutMs - (performance.now() - startedMs)))
    const onConnected = () => settle(null)
    const onError = (cause: Error) => settle(connectionError(where, cause))
    const onClose = () => settle(new ServerClosedError(where, 'closed while connecting'))
    function settle (error: ServerTalkError | null): void {
      clearTimeout(timer)
      socket.off(connected, onConnected).off('error', onError).off('close', onClose)
      if (error === null) return resolve(socket)
      socket.on('error', () => undefined) // a second error of a socket that was given up has no listener, and would end the process
      socket.destroy()
      reject(error)
    }
    socket.once(connected, onConnected).once('error', onError).once('close', onClose)
  })
}

async function openSocket (target: Target): Promise<Socket> {
  if (target.method === 'unix') return connectPlain({ path: target.path })
  const { host, port } = target
  if (target.method === 'tcp') return connectPlain({ host, port, noDelay: true })
  try {
    const [key, cert, ca] = await Promise.all([readFile(target.tls.privateKey), readFile(target.tls.certificate), readFile(target.tls.caCertificate)])
    // certificates of ovs-pki carry arbitrary names: what counts is the CA that signed them
    const socket = connectTls({ host, port, key, cert, ca, rejectUnauthorized: true, checkServerIdentity: () => undefined })
    socket.setNoDelay(true)
    return socket
  } catch (cause) {
    throw new ServerTlsError(formatTarget(target), cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

const TLS_CODE = /^(ERR_SSL|ERR_TLS|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|ERR_OSSL)/

/** What a socket's error means for the talk with a server. */
export function connectionError (where: string, cause: Error): ServerTalkError {
  const code = 'code' in cause ? String(cause.code) : ''
  if (code === 'ENOENT') return new ServerSocketMissingError(where, { cause })
  if (code === 'ECONNREFUSED') return new ServerRefusedError(where, { cause })
  if (code === 'ECONNRESET' || code === 'EPIPE') return new ServerClosedError(where, 'connection reset', { cause })
  if (code === 'EAGAIN') return new ServerOverloadedError(where, 'its queue of connections is full', { cause })
  if (TLS_CODE.test(code)) return new ServerTlsError(where, cause.message, { cause })
  return new ServerUnreachableError(where, cause.message, { cause })
}
