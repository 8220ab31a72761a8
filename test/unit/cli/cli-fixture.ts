// One command line against a real controller API: what it prints, and its exit code.
import assert from 'node:assert/strict'
import { connectTo } from '../../../cli/connection.ts'
import type { CliContext, ExitCode } from '../../../cli/context.ts'
import { runCommand } from '../../../cli/program.ts'

export interface CommandOutcome {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

export interface CommandOptions extends Partial<CliContext['environment']> {
  readonly interrupted?: AbortSignal
  readonly onOut?: (all: string) => void
}

export async function runCli (args: readonly string[], { interrupted = new AbortController().signal, onOut, ...environment }: CommandOptions = {}): Promise<CommandOutcome> {
  const out: string[] = []
  const err: string[] = []
  let code: ExitCode = 0
  const known = { server: undefined, token: undefined, tokenFile: undefined, caFile: undefined, ...environment }
  await runCommand(args, {
    out (text) {
      out.push(text)
      onOut?.(out.join('\n'))
    },
    err: text => { err.push(text) },
    colour: false,
    terminal: false,
    interrupted,
    nowMs: () => performance.now(),
    environment: known,
    client: options => connectTo(options, known),
    serviceManager: async () => ({ ready: async () => {}, stopping: async () => {} }),
    setExitCode: given => { code = given }
  }, '9.9.9')
  return { code, out: out.join('\n'), err: err.join('\n') }
}

export function assertFailed (outcome: CommandOutcome, code: ExitCode, err: RegExp): void {
  assert.deepEqual([outcome.code, outcome.out], [code, ''], outcome.err)
  assert.match(outcome.err, err)
  assert.match(outcome.err, /^OVSDB_HA_[A-Z_]+: .+\n(?: {2}.+\n)*hint: .+$/, 'code and message, then the next step')
}
