// The control socket (unixctl) of a daemon of Open vSwitch, spoken directly: a process per command would cost 2 ms (FACTS A).
import { ControlRefusedError, ServerGarbledError } from './errors.ts'
import { createKept } from './kept.ts'
import { connectJsonRpc } from './json-rpc.ts'

/** Replies are a few lines of text. */
const MAX_REPLY_BYTES = 4 * 1024 * 1024

export interface Control {
  /**
   * Runs one command and resolves to its text. Rejects with ControlRefusedError when the server said no, with a
   * ServerTalkError when there was no answer in time: the command may then still run later.
   * Some refusals come as success (FACTS R 4): callers compare the text.
   */
  call (command: string, args?: readonly string[], timeoutMs?: number): Promise<string>
  close (): void
}

export interface ControlOptions {
  readonly path: string
  readonly timeoutMs: number
}

/** Keeps one connection and dials again when it ended. */
export function createControl ({ path, timeoutMs }: ControlOptions): Control {
  const kept = createKept(async budgetMs => await connectJsonRpc({
    target: { method: 'unix', path }, connectTimeoutMs: budgetMs, callTimeoutMs: timeoutMs, maxReplyBytes: MAX_REPLY_BYTES
  }))

  return {
    async call (command, args = [], budgetMs = timeoutMs) {
      const deadlineMs = performance.now() + budgetMs
      const connection = await kept.get(budgetMs)
      const { result, error } = await connection.call(command, args, Math.max(1, deadlineMs - performance.now()))
      if (error !== null) throw new ControlRefusedError(connection.where, command, typeof error === 'string' ? error : JSON.stringify(error))
      if (typeof result !== 'string') throw new ServerGarbledError(connection.where, `${command} gives no text`)
      return result
    },
    close: kept.close
  }
}
