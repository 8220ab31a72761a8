// A connection that is dialled when it is needed and kept until it ends.
import { ServerClosedError, type ServerTalkError } from './errors.ts'

interface Closable {
  onClose (listener: (reason: ServerTalkError) => void): void
  destroy (): void
}

export interface Kept<T> {
  /** The connection, dialled within `timeoutMs` when there is none; callers at the same time share one dial. */
  get (timeoutMs: number): Promise<T>
  readonly connected: boolean
  /** Calls back once per loss of an established connection, at once; not for `close`. */
  onLost (listener: (reason: ServerTalkError) => void): void
  /** Ends it for good. */
  close (): void
}

export function createKept<T extends Closable> (connect: (timeoutMs: number) => Promise<T>): Kept<T> {
  const listeners: Array<(reason: ServerTalkError) => void> = []
  let current: T | null = null
  let dialling: Promise<T> | null = null
  let ended = false

  async function redial (timeoutMs: number): Promise<T> {
    const connection = await connect(timeoutMs)
    if (ended) {
      connection.destroy()
      throw new ServerClosedError('connection', 'given up')
    }
    current = connection
    connection.onClose(reason => {
      if (current === connection) current = null
      if (!ended) for (const listener of listeners) listener(reason)
    })
    return connection
  }

  return {
    async get (timeoutMs) {
      if (ended) throw new ServerClosedError('connection', 'given up')
      if (current !== null) return current
      dialling ??= redial(timeoutMs).finally(() => { dialling = null })
      return await dialling
    },
    get connected () { return current !== null },
    onLost (listener) { listeners.push(listener) },
    close () {
      ended = true
      current?.destroy()
      current = null
    }
  }
}
