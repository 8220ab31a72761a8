import type { Logger } from 'pino'
import type { DurableState } from './core/actions.ts'
import type { DurableFile } from './durable.ts'
import { StateNotStoredError } from './shell-errors.ts'
import type { ProblemBoard } from './shell.ts'

export interface StoringOptions {
  readonly cluster: string
  readonly node: string
  readonly durable: DurableFile
  readonly problems: ProblemBoard
  readonly log: Logger
}

/**
 * Stores, or resolves to why not. It is a problem of the node for as long as it lasts, and logged once when it begins and
 * once when it is over: on a full disk what is due is tried again ten times in a second.
 */
export function createStoring ({ cluster, node, durable, problems, log }: StoringOptions): (state: DurableState) => Promise<StateNotStoredError | null> {
  let failing = false
  return async state => {
    try {
      await durable.store(state)
    } catch (cause) {
      const error = new StateNotStoredError(cluster, node, durable.path, cause)
      if (!failing) log.error({ err: error }, 'state not stored')
      failing = true
      problems.set('stateNotStored', error.message)
      return error
    }
    if (failing) log.info('state is stored again')
    failing = false
    problems.set('stateNotStored', null)
    return null
  }
}
