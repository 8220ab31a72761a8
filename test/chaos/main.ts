// npm run chaos: random faults against the real testbed, checked from outside.
import { writeFile } from 'node:fs/promises'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { createPaint } from '../../cli/render/style.ts'
import { claimFreeIndex } from '../testbed/free-index.ts'
import { parseWhole } from '../testbed/parse-whole.ts'
import { onInterrupt } from '../testbed/interrupt.ts'
import { parseCount } from '../testbed/count-option.ts'
import { TESTBED_INDEX_MAX, type ControllerCount, type RedisCount } from '../testbed/plan.ts'
import { createTestbed } from '../testbed/testbed.ts'
import { runCampaign } from './campaign.ts'
import { FAULT_KINDS, type FaultKind } from './faults.ts'
import { renderReport } from './report.ts'

interface ChaosOptions {
  readonly minutes: number
  readonly seed: number
  readonly ovs: '3.1' | '3.5'
  readonly controllers: ControllerCount
  readonly redis: RedisCount
  readonly only: readonly FaultKind[]
  readonly index?: number
  readonly json?: string
  readonly keep: boolean
}

const MINUTES_MAX = 10_000
const SEED_MAX = 0xffff_ffff
/** Databases, rescues and the agent's state of one host; what `diskFull` fills up. Twenty rescues of what an hour of chaos writes must fit. */
const DISK_MEGABYTES = 1_024
const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const

const program = new Command('chaos')
  .description('Random faults against real servers while clients write; every acknowledged row is looked for, and two actives at one instant.')
  .option('--minutes <number>', 'how long faults are drawn', parseMinutes, 5)
  .option('--seed <number>', 'the same seed draws the same faults', parseWhole(0, SEED_MAX), 1)
  .addOption(new Option('--ovs <version>', 'the machine\'s Open vSwitch, or 3.5 from the trixie tree (deploy/bootstrap.sh --with-trixie)').choices(['3.1', '3.5']).default('3.1'))
  .option('--controllers <number>', '1, 2 or 3; several need --redis', parseCount(1, 2, 3), 1)
  .option('--redis <number>', '0: the embedded store; 1; or 3 independent ones, of which a majority is the store', parseCount(0, 1, 3), 0)
  .option('--only <kinds>', `faults to draw, with commas between: ${FAULT_KINDS.join(', ')}; all of them when absent`, parseKinds, FAULT_KINDS)
  .option('--index <number>', `which testbed, 0 to ${TESTBED_INDEX_MAX}; the first free one when absent`, parseWhole(0, TESTBED_INDEX_MAX))
  .option('--json <file>', 'write the report there too, every number of it')
  .option('--keep', 'keep logs and databases also when nothing was found', false)
  .exitOverride()

/** Sets the exit code: 0 without a violation, 1 with one or when the testbed failed, 130 when interrupted. Whichever it is, nothing is left behind. */
async function chaos ({ minutes, seed, ovs, controllers, redis, only, index, json, keep }: ChaosOptions): Promise<void> {
  const interrupt = onInterrupt()
  const tell = (text: string) => { process.stderr.write(`${text}\n`) }
  const fail = (error: Error) => {
    if (!interrupt.aborted) tell(`chaos: ${error.stack}`)
    process.exitCode = interrupt.aborted ? EXIT.interrupted : EXIT.failed
  }
  interrupt.addEventListener('abort', () => tell('chaos: interrupted: everything is taken down'), { once: true })
  try {
    const testbed = createTestbed({ index: index ?? await claimFreeIndex(), ovs, controllers, redis, diskMegabytes: DISK_MEGABYTES })
    tell(`chaos: seed ${seed}, ${minutes} minutes, testbed ${testbed.plan.index}`)
    await testbed.up({ signal: interrupt })
    try {
      const report = await runCampaign({ testbed, seed, minutes, kinds: only, keep, interrupt, tell })
      const paint = createPaint(process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '')
      process.stdout.write(`${renderReport(report, paint).join('\n')}\n`)
      if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`)
      if (report.violations.length > 0) process.exitCode = EXIT.failed
    } catch (error) {
      fail(error as Error)
    }
    await testbed.down()
  } catch (error) {
    fail(error as Error)
  }
}

function parseMinutes (value: string): number {
  const number = Number(value)
  if (!(number > 0 && number <= MINUTES_MAX)) throw new InvalidArgumentError(`more than 0, at most ${MINUTES_MAX}`)
  return number
}

function parseKinds (value: string): readonly FaultKind[] {
  const names = value.split(',')
  const kinds = FAULT_KINDS.filter(kind => names.includes(kind))
  if (kinds.length !== names.length) throw new InvalidArgumentError(`of ${FAULT_KINDS.join(', ')}`)
  return kinds
}

try {
  program.parse()
  if (process.getuid?.() !== 0) {
    console.error('chaos: network namespaces and mounts need root')
    process.exitCode = EXIT.failed
  } else {
    const options = program.opts<ChaosOptions>()
    if (options.controllers > 1 && options.redis === 0) program.error('error: several controllers need a store that they share: --redis 1 or 3')
    await chaos(options)
  }
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  if (error.exitCode !== 0) process.exitCode = EXIT.usage
}
