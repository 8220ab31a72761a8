// The observer's part that runs in a data host's network namespace: tries, again and again, to write through the endpoint
// to this very host. It knows nothing of the product.
//
// It dials the virtual address *from* the virtual address: that works only where the address is local, whatever the
// routes say, so a write that is accepted was accepted here. A session lives as long as it answers, as a client's
// would; while there is none, a new one is tried every few milliseconds, whether the tries before have ended or not.
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'
import type { ObserverLine, ObserverTarget, ObserverTask } from './observer-line.ts'

const CONNECT_TIMEOUT_MS = 100
const REPLY_TIMEOUT_MS = 300
const BLIND_AFTER_MS = 50
const NEVER = '00000000-0000-4000-8000-000000000000'

const task = JSON.parse(process.argv[2] ?? '') as ObserverTask
const certificates = task.tls === null
  ? null
  : { cert: readFileSync(task.tls.certificate), key: readFileSync(task.tls.privateKey), ca: readFileSync(task.tls.caCertificate) }

const nowMs = () => Number(process.hrtime.bigint()) / 1e6
const tell = (line: ObserverLine) => { process.stdout.write(`${JSON.stringify(line)}\n`) }

function watch (target: ObserverTarget, index: number): () => void {
  let session: net.Socket | null = null
  let request: { id: number, startMs: number } | null = null
  let nextId = 0
  let trying = 0
  let lastFailure: string | null = null

  const failed = (startMs: number, why: string) => {
    if (why !== lastFailure) tell(['failed', index, startMs, nowMs(), why])
    lastFailure = why
  }
  const write = (socket: net.Socket) => {
    request = { id: ++nextId, startMs: nowMs() }
    // matches no row, changes nothing, and is refused like any other write by a server that is read-only
    const operation = { op: 'delete', table: target.table, where: [['_uuid', '==', ['uuid', NEVER]]] }
    socket.write(JSON.stringify({ method: 'transact', params: [target.database, operation], id: request.id }))
  }
  const answered = (message: { id?: unknown, method?: string, params?: unknown, error?: unknown, result?: Array<{ error?: string }> }, socket: net.Socket) => {
    if (message.method === 'echo') {
      socket.write(JSON.stringify({ id: message.id, result: message.params, error: null }))
    } else if (request !== null && message.id === request.id) {
      const { startMs } = request
      request = null
      const error = message.error ?? message.result?.find(result => result?.error !== undefined)?.error
      if (error !== undefined && error !== null) return failed(startMs, `reply: ${JSON.stringify(error)}`)
      tell(['accepted', index, startMs, nowMs()])
      lastFailure = null
    }
  }
  const dial = () => {
    const startMs = nowMs()
    trying++
    const options = { host: target.address, port: target.port, localAddress: target.address }
    const socket = certificates === null ? net.connect(options) : tls.connect({ ...options, ...certificates, checkServerIdentity: () => undefined })
    let why = 'closed'
    let open = false
    const timer = setTimeout(() => { why = 'connect timeout'; socket.destroy() }, CONNECT_TIMEOUT_MS)
    socket.setNoDelay(true).setEncoding('utf8')
    socket.on(certificates === null ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer)
      open = true
      trying--
      if (session === null) {
        session = socket
        write(socket)
      } else {
        socket.destroy()
      }
    })
    socket.on('error', (error: NodeJS.ErrnoException) => { why = error.code ?? error.message })
    socket.on('data', texts(text => answered(JSON.parse(text), socket)))
    socket.on('close', () => {
      clearTimeout(timer)
      if (!open) trying--
      if (session === socket) {
        session = null
        failed(request?.startMs ?? nowMs(), why)
        request = null
      } else if (!open && session === null) {
        failed(startMs, why)
      }
    })
  }
  return () => {
    if (session === null) {
      if (trying < CONNECT_TIMEOUT_MS / task.everyMs) dial()
    } else if (request === null) {
      write(session)
    } else if (nowMs() - request.startMs > REPLY_TIMEOUT_MS) {
      session.destroy(Object.assign(new Error('no reply'), { code: 'no reply' }))
    }
  }
}

/** OVSDB streams bare JSON texts: cut where the nesting depth returns to 0 outside a string. */
function texts (onText: (text: string) => void): (chunk: string) => void {
  let buffer = ''
  let depth = 0
  let inString = false
  let escaped = false
  return chunk => {
    let start = 0
    let position = buffer.length
    for (buffer += chunk; position < buffer.length; position++) {
      const character = buffer[position]
      if (inString) {
        if (escaped) escaped = false
        else if (character === '\\') escaped = true
        else if (character === '"') inString = false
      } else if (character === '"') inString = true
      else if (character === '{' || character === '[') depth++
      else if ((character === '}' || character === ']') && --depth === 0) {
        onText(buffer.slice(start, position + 1))
        start = position + 1
      }
    }
    buffer = buffer.slice(start)
  }
}

// the parent's end, however it came, is this one's end
process.stdin.on('end', () => process.exit(0)).resume()
process.stdout.on('error', () => process.exit(0))
const watchers = task.targets.map(watch)
let lastTickMs = nowMs()
setInterval(() => {
  const tickMs = nowMs()
  if (tickMs - lastTickMs > BLIND_AFTER_MS) tell(['blind', lastTickMs, tickMs])
  lastTickMs = tickMs
  for (const tick of watchers) tick()
}, task.everyMs)
