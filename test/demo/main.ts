// npm run demo, and `ovsdb-ha demo`: three hosts on this machine, real servers, a kill, a failover.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { createPaint } from '../../cli/render/style.ts'
import { claimFreeIndex } from '../testbed/free-index.ts'
import { onInterrupt } from '../testbed/interrupt.ts'
import { TESTBED_INDEX_MAX } from '../testbed/plan.ts'
import { createTestbed } from '../testbed/testbed.ts'
import { createScreen, seconds } from './screen.ts'
import { playDemo } from './story.ts'

interface DemoOptions {
  readonly keep: boolean
  readonly ovs: '3.1' | '3.5'
  readonly index?: number
}

const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const

/**
 * Sets the exit code: 0 when every acknowledged row survived, 1 when not or when something failed, 2 for wrong arguments,
 * 130 when it was interrupted. Whichever it is, nothing is left behind.
 */
export async function runDemo (args: readonly string[]): Promise<void> {
  const options = parse(args)
  if (options === null) return
  if (process.getuid?.() !== 0) {
    console.error('demo: network namespaces and mounts need root')
    process.exitCode = EXIT.failed
    return
  }
  const interrupt = onInterrupt()
  const { stdout, env } = process
  const paint = createPaint(stdout.isTTY === true && (env.NO_COLOR ?? '') === '')
  const screen = createScreen({ write: text => { stdout.write(text) }, paint, terminal: stdout.isTTY === true, nowMs: () => performance.now() })
  const startMs = performance.now()
  try {
    const testbed = createTestbed({ index: options.index ?? await claimFreeIndex(), ovs: options.ovs })
    const { missingRows } = await playDemo({ testbed, screen, paint, interrupt, keep: options.keep })
    process.exitCode = missingRows === 0 ? EXIT.done : EXIT.failed
  } catch (error) {
    process.exitCode = interrupt.aborted ? EXIT.interrupted : EXIT.failed
    if (!interrupt.aborted) screen.say(`The demo failed: ${(error as Error).message}`, 'bad')
  }
  screen.say(`The demo took ${seconds(performance.now() - startMs)}.`, 'strong')
}

/** Null when there is nothing to do but to end: help was asked for, or the arguments are wrong. */
function parse (args: readonly string[]): DemoOptions | null {
  const program = new Command('demo')
    .description('Three hosts with real servers on this machine, a client that writes, a kill, a failover.')
    .option('--keep', 'leave it running until Ctrl-C, to play with', false)
    .addOption(new Option('--ovs <version>', 'the machine\'s Open vSwitch, or 3.5 from the trixie tree (deploy/bootstrap.sh --with-trixie)').choices(['3.1', '3.5']).default('3.1'))
    .option('--index <number>', `which testbed, 0 to ${TESTBED_INDEX_MAX}; the first free one when absent`, parseIndex)
    .showHelpAfterError()
    .exitOverride()
  try {
    return program.parse(args, { from: 'user' }).opts<DemoOptions>()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage
    return null
  }
}

function parseIndex (value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > TESTBED_INDEX_MAX) throw new InvalidArgumentError(`0 to ${TESTBED_INDEX_MAX}`)
  return number
}

if (import.meta.main) await runDemo(process.argv.slice(2))
