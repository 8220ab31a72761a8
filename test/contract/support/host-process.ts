// One process inside a network namespace: it builds the adapter that it is told to and does what it is asked over IPC.
// The adapters know nothing of namespaces; they act where their process is.
import { createServer, connect, type Socket } from 'node:net'
import { findOwner } from '../../../agent/endpoint/duplicate.ts'
import { createVipEndpoint, type VipEndpointOptions } from '../../../agent/endpoint/vip.ts'
import { createNftablesGuard, type NftablesGuardOptions } from '../../../agent/guard/nftables.ts'
import type { Endpoint } from '../../../agent/endpoint/endpoint.ts'
import type { VipAddress } from '../../../protocol/cluster.ts'
import type { Guard } from '../../../agent/guard/guard.ts'

const TALK_EVERY_MS = 5

interface Session {
  readonly socket: Socket
  answers: number
  lastAnswerMs: number
  longestGapMs: number
  ended: string | null
}

let endpoint: Endpoint | undefined
let guard: Guard | undefined
const problems: unknown[] = []
const duplicates: unknown[] = []
const sessions: Session[] = []

function present<T> (value: T | undefined): T {
  if (value === undefined) throw new Error('not built yet')
  return value
}

async function listen (host: string, port: number): Promise<void> {
  const server = createServer(socket => socket.on('error', error => problems.push(error.message)).pipe(socket))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
}

async function dial (host: string, port: number, timeoutMs: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connect({ host, port })
  const timer = setTimeout(resolve, timeoutMs, 'timeout')
  socket.once('connect', () => resolve('open')).once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  const outcome = await promise
  clearTimeout(timer)
  socket.destroy()
  return outcome
}

/** Opens a connection that asks and is answered all the time; resolves to its number after the first answer. */
async function talk (host: string, port: number): Promise<number> {
  const socket = connect({ host, port, noDelay: true })
  const session: Session = { socket, answers: 0, lastAnswerMs: performance.now(), longestGapMs: 0, ended: null }
  const timer = setInterval(() => socket.write('.'), TALK_EVERY_MS)
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  socket.on('data', () => {
    const nowMs = performance.now()
    if (session.answers++ > 0) session.longestGapMs = Math.max(session.longestGapMs, nowMs - session.lastAnswerMs)
    session.lastAnswerMs = nowMs
    resolve(undefined)
  })
  socket.on('error', (error: NodeJS.ErrnoException) => { session.ended ??= error.code ?? error.message })
  socket.on('close', () => {
    session.ended ??= 'closed'
    clearInterval(timer)
    reject(new Error(session.ended))
  })
  await promise
  return sessions.push(session) - 1
}

const methods = {
  buildEndpoint (options: VipEndpointOptions) {
    endpoint = createVipEndpoint({ ...options, onProblem: (part, problem) => problems.push({ part, problem }) })
    endpoint.onDuplicate((address, owner) => duplicates.push({ address, owner }))
  },
  hold: async (lifetimeMs: number) => await present(endpoint).hold(lifetimeMs),
  announce: () => present(endpoint).announce(),
  releaseEndpoint: async () => await present(endpoint).release(),
  /** Starts a hold and releases before it can have ended; tells how the hold fared. */
  async holdAndRelease (lifetimeMs: number) {
    const held = present(endpoint).hold(lifetimeMs).then(() => 'held', (error: Error) => error.message)
    await present(endpoint).release()
    return await held
  },
  held: async () => [...await present(endpoint).held()],
  problems: () => problems,
  duplicates: () => duplicates,
  findOwner: async (address: VipAddress, device: string) => await findOwner(address, device),
  setPath: (path: string) => { process.env['PATH'] = path },
  buildGuard: (options: NftablesGuardOptions) => { guard = createNftablesGuard(options) },
  install: async () => await present(guard).install(),
  open: async (lifetimeMs: number) => await present(guard).open(lifetimeMs),
  close: async () => await present(guard).close(),
  removeGuard: async () => await present(guard).remove(),
  listen,
  dial,
  talk,
  session (index: number) {
    const { socket: _, ...facts } = present(sessions[index])
    return { ...facts, sinceAnswerMs: performance.now() - facts.lastAnswerMs }
  }
}

export type HostMethods = typeof methods

process.on('message', async ({ id, method, args }: { id: number, method: keyof HostMethods, args: never[] }) => {
  try {
    process.send?.({ id, value: await (methods[method] as (...args: never[]) => unknown)(...args) })
  } catch (error) {
    const { name, message, code, hint } = error as Error & { code?: string, hint?: string }
    process.send?.({ id, error: { name, message, code, hint } })
  }
})
process.on('disconnect', () => process.exit(0))
