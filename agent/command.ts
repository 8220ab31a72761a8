import { execa, type ExecaError } from 'execa'

/** What is kept of a command's output; `ip` and `nft` say far less. */
const OUTPUT_MAX_BYTES = 4 * 1024 * 1024
/** A process that SIGKILL does not end within this (stuck in the kernel) is given up, so that every caller stays bounded. */
const KILL_GRACE_MS = 500

export interface CommandOptions {
  /** Written to its standard input, which is then closed. */
  readonly input?: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** A command that could not be run, did not end in time, or was ended; a non-zero exit is a result, not this error. */
export class CommandError extends Error {
  readonly program: string
  readonly why: 'missing' | 'timeout' | 'cancelled' | 'broken'

  constructor (message: string, program: string, why: CommandError['why'], cause: unknown) {
    super(message, { cause })
    this.name = 'CommandError'
    this.program = program
    this.why = why
  }
}

/**
 * Runs one system command with an argument array, never a shell. It is started before this returns to the event loop;
 * it is killed at `timeoutMs` or when `signal` is aborted, and this settles only when the process is gone (or cannot
 * be killed), so that nothing it does comes later.
 */
export async function runCommand (program: string, args: readonly string[], { input, timeoutMs, signal }: CommandOptions): Promise<CommandResult> {
  const child = execa(program, args, {
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_MAX_BYTES,
    env: { LC_ALL: 'C' },
    reject: false
  })
  const stuck = Promise.withResolvers<never>()
  const timer = setTimeout(() => stuck.reject(new CommandError(`${program} does not end, not even killed`, program, 'broken', undefined)), timeoutMs + KILL_GRACE_MS)
  try {
    const result = await Promise.race([child, stuck.promise])
    if (result.exitCode !== undefined && !result.timedOut && !result.isCanceled) {
      return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode }
    }
    throw describe(program, timeoutMs, result as ExecaError)
  } finally {
    clearTimeout(timer)
  }
}

function describe (program: string, timeoutMs: number, error: ExecaError): CommandError {
  if (error.code === 'ENOENT') return new CommandError(`the program ${program} is missing`, program, 'missing', error)
  if (error.timedOut) return new CommandError(`${program} was killed after ${timeoutMs} ms`, program, 'timeout', error)
  if (error.isCanceled) return new CommandError(`${program} was ended: overtaken`, program, 'cancelled', error)
  return new CommandError(`${program} could not be run: ${error.shortMessage}`, program, 'broken', error)
}
