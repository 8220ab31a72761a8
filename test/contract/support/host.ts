import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { HostMethods } from './host-process.ts'

const PROGRAM = fileURLToPath(new URL('host-process.ts', import.meta.url))
const CALL_DEADLINE_MS = 20_000

type Async<F> = F extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never
/** The methods of host-process.ts, performed inside the namespace. */
export type Host = { readonly [M in keyof HostMethods]: Async<HostMethods[M]> } & { readonly stop: () => Promise<void> }

interface Answer { readonly id: number, readonly value?: unknown, readonly error?: { readonly message: string } }

/** Starts a process in the namespace and calls its methods as if they were local; errors keep name, code and hint. */
export function startHost (namespace: string): Host {
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, PROGRAM], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const waiting = new Map<number, (answer: Answer) => void>()
  let lastId = 0
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer))
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))

  async function call (method: string, args: readonly unknown[]): Promise<unknown> {
    const id = ++lastId
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    waiting.set(id, resolve)
    const timer = setTimeout(() => reject(new Error(`${method}: no answer within ${CALL_DEADLINE_MS} ms`)), CALL_DEADLINE_MS)
    try {
      child.send({ id, method, args })
      const { value, error } = await promise
      if (error !== undefined) throw Object.assign(new Error(error.message), error)
      return value
    } finally {
      clearTimeout(timer)
      waiting.delete(id)
    }
  }

  return new Proxy({} as Host, {
    get (_, method) {
      if (method === 'stop') {
        return async () => {
          child.kill('SIGKILL')
          await gone
        }
      }
      if (method === 'then') return undefined // not a promise
      return async (...args: readonly unknown[]) => await call(String(method), args)
    }
  })
}
