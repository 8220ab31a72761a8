import type { Command } from 'commander'
import { createProgram } from '../../cli/program.ts'
import type { CliContext } from '../../cli/context.ts'
import { EXIT_CODES_HELP } from '../../cli/exit-code.ts'

/** Wide enough that a terminal's width does not matter. */
const COLUMNS = 120

/** Nothing is run: the help of a command asks nobody. */
const NOBODY: CliContext = {
  out () {},
  err () {},
  colour: false,
  terminal: false,
  interrupted: new AbortController().signal,
  nowMs: () => 0,
  environment: { server: undefined, token: undefined, tokenFile: undefined, caFile: undefined },
  client: async () => { throw new Error('help asks no controller') },
  serviceManager: () => { throw new Error('help starts nothing') },
  setExitCode () {}
}

/** Every command with its arguments and options, to be read and not to be run. */
export function describedProgram (): Command {
  return createProgram(NOBODY, '')
}

export function commandPage (): string {
  const program = describedProgram()
  const sections = program.commands.flatMap(command => sectionsOf(command, program.name()))
  return `${sections.join('\n\n')}\n\n## Exit codes and environment\n\n\`\`\`text${EXIT_CODES_HELP}\n\`\`\``
}

function sectionsOf (command: Command, parent: string): readonly string[] {
  const name = `${parent} ${command.name()}`
  const help = command.configureHelp({ helpWidth: COLUMNS }).helpInformation().trimEnd()
  return [`## ${name}\n\n\`\`\`text\n${help}\n\`\`\``, ...command.commands.flatMap(child => sectionsOf(child, name))]
}
