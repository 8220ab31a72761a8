// One JSON-RPC 1.0 connection, as ovsdb-server speaks it on its database sockets and on its control socket.
import type { Socket } from 'node:net'
import { createMessageStream, type Message, type StreamFault } from './message-stream.ts'
import { connectionError, dial, formatTarget, type Target } from './target.ts'
import {
  ServerClosedError, ServerGarbledError, ServerOverloadedError, ServerReplyTooLargeError, ServerTimeoutError, type ServerTalkError
} from './errors.ts'

/** Enough for the row identifiers of a million rows. */
export const MAX_REPLY_BYTES = 64 * 1024 * 1024
const MAX_OPEN_CALLS = 64
/** Requests and echo answers that a peer may leave unread. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
const CHOKED = 'it does not read what we send'

export interface JsonRpcOptions {
  readonly target: Target
  readonly connectTimeoutMs: number
  /** Deadline of a call that names none. */
  readonly callTimeoutMs: number
  readonly maxReplyBytes?: number | undefined
}

/** What came back: exactly one of the two is not null when the peer is sound. */
export interface Reply {
  readonly result: unknown
  readonly error: unknown
}

export interface JsonRpcConnection {
  readonly where: string
  /** Resolves to the peer's reply, also when that is an error; rejects with a ServerTalkError when there is none in time. */
  call (method: string, params: readonly unknown[], timeoutMs?: number): Promise<Reply>
  /** Why the connection ended; null while it lives. */
  readonly closed: ServerTalkError | null
  /** Calls back once, at once, when the connection ends, whoever ended it. */
  onClose (listener: (reason: ServerTalkError) => void): void
  destroy (): void
}

/** Connects within `connectTimeoutMs`, or rejects with a ServerTalkError. */
export async function connectJsonRpc (options: JsonRpcOptions): Promise<JsonRpcConnection> {
  const socket = await dial(options.target, options.connectTimeoutMs)
  return speak(socket, formatTarget(options.target), options)
}

function speak (socket: Socket, where: string, { callTimeoutMs, maxReplyBytes = MAX_REPLY_BYTES }: JsonRpcOptions): JsonRpcConnection {
  const calls = createCallTable(where)
  const listeners: Array<(reason: ServerTalkError) => void> = []
  let closed: ServerTalkError | null = null

  function end (reason: ServerTalkError): void {
    if (closed !== null) return
    closed = reason
    socket.destroy()
    calls.failAll(reason)
    for (const listener of listeners.splice(0)) listener(reason)
  }

  function onMessage (message: Message): void {
    if (closed !== null) return
    if (typeof message.method === 'string') return answer(message)
    if (!('result' in message) && !('error' in message)) return end(new ServerGarbledError(where, 'a message that is neither request nor reply'))
    calls.settle(message.id, { result: message.result ?? null, error: message.error ?? null })
  }

  /** The server probes idle sessions; an unanswered probe ends them. Other requests and notifications are not ours. */
  function answer (message: Message): void {
    if (message.method !== 'echo' || message.id === null || message.id === undefined) return
    if (isChoked()) return end(new ServerOverloadedError(where, CHOKED))
    socket.write(JSON.stringify({ id: message.id, result: message.params ?? [], error: null }))
  }

  function isChoked (): boolean {
    return socket.writableLength > MAX_UNSENT_BYTES
  }

  const stream = createMessageStream({ maxBytes: maxReplyBytes, onMessage, onFault: fault => end(faultError(where, fault)) })
  socket.on('data', chunk => stream.write(chunk))
  socket.on('error', error => end(connectionError(where, error)))
  socket.on('end', () => end(stream.midMessage ? new ServerGarbledError(where, 'it ends in the middle') : new ServerClosedError(where, 'closed by the server')))
  socket.on('close', () => end(new ServerClosedError(where, 'closed')))

  return {
    where,
    async call (method, params, timeoutMs = callTimeoutMs) {
      if (closed !== null) throw closed
      if (isChoked()) throw new ServerOverloadedError(where, CHOKED)
      const { id, reply } = calls.open(method, timeoutMs)
      socket.write(JSON.stringify({ method, params, id }))
      return await reply
    },
    get closed () { return closed },
    onClose (listener) {
      if (closed === null) listeners.push(listener)
      else listener(closed)
    },
    destroy () { end(new ServerClosedError(where, 'closed by us')) }
  }
}

interface OpenCall {
  readonly timer: NodeJS.Timeout
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: ServerTalkError) => void
}

/** The calls that wait for an answer, each with its deadline. */
function createCallTable (where: string) {
  const open = new Map<unknown, OpenCall>()
  let lastId = 0

  function take (id: unknown): OpenCall | undefined {
    const call = open.get(id)
    open.delete(id)
    clearTimeout(call?.timer)
    return call
  }

  return {
    open (method: string, timeoutMs: number): { id: number, reply: Promise<Reply> } {
      if (open.size >= MAX_OPEN_CALLS) throw new ServerOverloadedError(where, `${open.size} calls wait for an answer`)
      const id = ++lastId
      const { promise: reply, resolve, reject } = Promise.withResolvers<Reply>()
      const timer = setTimeout(() => take(id)?.reject(new ServerTimeoutError(where, method, timeoutMs)), timeoutMs)
      open.set(id, { timer, resolve, reject })
      return { id, reply }
    },
    /** A reply to nothing we wait for belongs to a call that was given up. */
    settle (id: unknown, reply: Reply): void {
      take(id)?.resolve(reply)
    },
    failAll (reason: ServerTalkError): void {
      for (const id of [...open.keys()]) take(id)?.reject(reason)
    }
  }
}

function faultError (where: string, fault: StreamFault): ServerTalkError {
  return fault.kind === 'tooLarge' ? new ServerReplyTooLargeError(where, fault.limit) : new ServerGarbledError(where, fault.words)
}
