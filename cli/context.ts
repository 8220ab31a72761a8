import type { ServiceManager } from '../protocol/service-manager.ts'
import type { ControllerClient } from './client.ts'

/**
 * Everything that a command may know of the world outside its own arguments. `main.ts` fills it in from the process;
 * tests fill it in by hand.
 */
export interface CliContext {
  /** One or more lines on stdout; the line end is added. */
  readonly out: (text: string) => void
  /** One or more lines on stderr; the line end is added. */
  readonly err: (text: string) => void
  /** Colour is wanted: stdout is a terminal and NO_COLOR is not set. */
  readonly colour: boolean
  /** Stdout is a terminal: `--watch` may redraw in place. */
  readonly terminal: boolean
  /** Ends when the user interrupts a command that runs on (`--watch`). */
  readonly interrupted: AbortSignal
  /** A clock that only goes forward, in milliseconds: how old something is. */
  readonly nowMs: () => number
  /** What the environment says about the controller; the options `--server` and `--token-file` come first. */
  readonly environment: {
    readonly server: string | undefined
    readonly token: string | undefined
    readonly tokenFile: string | undefined
    readonly caFile: string | undefined
    /** Which node this host is, or the file that says it. */
    readonly node?: string | undefined
    readonly nodeFile?: string | undefined
  }
  /** A client of the controller that the options and the environment name. */
  readonly client: (options: ConnectionOptions) => Promise<ControllerClient>
  /** Whoever runs a daemon of ours as a service. */
  readonly serviceManager: () => Promise<ServiceManager>
  /** Ends the command with this exit code although nothing was thrown (`config check` that found problems). */
  readonly setExitCode: (code: ExitCode) => void
}

/** The options of every command that talks to a controller. */
export interface ConnectionOptions {
  readonly server?: string | undefined
  readonly tokenFile?: string | undefined
  readonly caFile?: string | undefined
}

/** Exit codes of `ovsdb-ha`; `ovsdb-ha --help` prints them. */
export const EXIT = {
  ok: 0,
  /** The controller refused, or what was asked for failed. */
  failed: 1,
  /** Wrong arguments, or a file that cannot be read or is not valid. */
  usage: 2,
  /** No controller answered. */
  unreachable: 3,
  /** No such cluster, node or history entry. */
  notFound: 4,
  /** The token is missing, unknown, or not allowed to do this. */
  notAllowed: 5
} as const
export type ExitCode = typeof EXIT[keyof typeof EXIT]
