import { execa } from 'execa'

export const COMMAND_TIMEOUT_MS = 10_000

/** Every failure of the testbed itself, with what to look at in its message. */
export class TestbedError extends Error {
  override readonly name = 'TestbedError'
}

/** Runs one of the machine's programs to its end and resolves to its stdout; anything but exit code 0 is an error with its stderr. */
export async function command (program: string, args: readonly string[], { input, env }: { input?: string, env?: Record<string, string> } = {}): Promise<string> {
  const result = await execa(program, args, {
    ...input === undefined ? { stdin: 'ignore' as const } : { input },
    ...env === undefined ? {} : { env },
    timeout: COMMAND_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    // a Ctrl-C is for the runner, which removes what it built: not for the commands by which it does
    detached: true,
    reject: false
  })
  if (result.failed) throw new TestbedError(`${[program, ...args].join(' ')}: ${result.stderr?.trim() || result.shortMessage}`)
  return result.stdout ?? ''
}
