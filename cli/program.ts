import { Command, CommanderError } from 'commander'
import { registerAcknowledge } from './commands/acknowledge.ts'
import { registerAgent } from './commands/agent.ts'
import { registerBackup } from './commands/backup.ts'
import { registerConfig } from './commands/config.ts'
import { registerController } from './commands/controller.ts'
import { registerDemo } from './commands/demo.ts'
import { registerExplain } from './commands/explain.ts'
import { registerFailover } from './commands/failover.ts'
import { registerConfirmOff, registerFence, registerUnfence } from './commands/fence.ts'
import { registerHealth } from './commands/health.ts'
import { registerHistory } from './commands/history.ts'
import { registerPause } from './commands/pause.ts'
import { registerPrefer } from './commands/prefer.ts'
import { registerQuorum } from './commands/quorum.ts'
import { registerRescue } from './commands/rescue.ts'
import { registerRescueApply } from './commands/rescue-apply.ts'
import { registerResume } from './commands/resume.ts'
import { registerSchedules } from './commands/schedules.ts'
import { registerStatus } from './commands/status.ts'
import { registerSwitchover } from './commands/switchover.ts'
import { registerUpgrade } from './commands/upgrade.ts'
import { registerVerify } from './commands/verify.ts'
import { registerVoters } from './commands/voters.ts'
import type { CliContext } from './context.ts'
import { errorLines, EXIT_CODES_HELP, exitCodeOf } from './exit-code.ts'

/** Commander has printed the help or the version itself. */
const ENOUGH_SAID: ReadonlySet<string> = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version'])

/** Runs one command line (without node and script); failures go to stderr and become the exit code. */
export async function runCommand (args: readonly string[], context: CliContext, version: string): Promise<void> {
  const program = createProgram(context, version)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    context.setExitCode(exitCodeOf(error))
    if (error instanceof CommanderError && ENOUGH_SAID.has(error.code)) return
    const command = program.commands.find(known => known.name() === args[0])
    for (const line of errorLines(error, command === undefined ? program.name() : `${program.name()} ${command.name()}`)) context.err(line)
  }
}

/** The whole command line; nothing is run by making it. */
export function createProgram (context: CliContext, version: string): Command {
  const program = new Command('ovsdb-ha')
    .description('High availability for Open vSwitch databases')
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: text => { context.out(text.trimEnd()) },
      writeErr: text => { context.err(text.trimEnd()) },
      outputError: () => {} // runCommand prints it, with its code
    })
    .addHelpText('after', EXIT_CODES_HELP)
  registerStatus(program, context)
  registerSwitchover(program, context)
  registerFailover(program, context)
  registerFence(program, context)
  registerUnfence(program, context)
  registerConfirmOff(program, context)
  registerAcknowledge(program, context)
  registerVoters(program, context)
  registerQuorum(program, context)
  registerRescueApply(registerRescue(program, context), context)
  registerBackup(program, context)
  registerSchedules(program, context)
  registerPrefer(program, context)
  registerUpgrade(program, context)
  registerVerify(program, context)
  registerPause(program, context)
  registerResume(program, context)
  registerHistory(program, context)
  registerExplain(program, context)
  registerConfig(program, context)
  registerHealth(program, context)
  registerAgent(program, context)
  registerController(program, context)
  registerDemo(program)
  return program
}
