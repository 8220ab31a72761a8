import type { OperationView } from '../protocol/api.ts'

interface Command {
  readonly onStarted: ((operation: OperationView) => void) | undefined
  /** An operation as it ended; null where the command was no change of the active. */
  readonly resolve: (operation: OperationView | null) => void
  readonly reject: (error: Error) => void
}

export type OnStarted = Command['onStarted']

/** What operators asked for and is not yet answered; each is answered once. */
export function createOpenCommands () {
  const open = new Map<number, Command>()
  let ids = 0

  return {
    /** `order` is given the command's number, by which its end is told. */
    begin (order: (commandId: number) => void, onStarted?: OnStarted): Promise<OperationView | null> {
      const commandId = ++ids
      return new Promise((resolve, reject) => {
        open.set(commandId, { onStarted, resolve, reject })
        order(commandId)
      })
    },
    started (commandId: number | null, operation: OperationView): void {
      if (commandId !== null) open.get(commandId)?.onStarted?.(operation)
    },
    /** The command is over: whoever takes it answers it. */
    settle (commandId: number): Command | undefined {
      const command = open.get(commandId)
      open.delete(commandId)
      return command
    },
    rejectAll (error: Error): void {
      for (const { reject } of open.values()) reject(error)
      open.clear()
    }
  }
}
