import { TestbedError } from './command.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/**
 * Aborted when somebody wants this process to end. From the call on no such signal ends it by itself, however often it comes
 * (npm passes a Ctrl-C on that has come already): whoever called takes down what it built, and ends.
 */
export function onInterrupt (): AbortSignal {
  const interrupt = new AbortController()
  for (const name of SIGNALS) process.on(name, () => interrupt.abort(new TestbedError(`ended by ${name}`)))
  // a reader that went away (| head, a closed terminal) ends it too, and says so by every write
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => interrupt.abort(new TestbedError('nobody reads the output any more')))
  return interrupt.signal
}
