// npm run bench -- NAME: measures the product on the testbed, from a client's side, with the neutral prober.
import { arch, cpus } from 'node:os'
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { createPaint } from '../../cli/render/style.ts'
import { claimFreeIndex } from '../testbed/free-index.ts'
import { onInterrupt } from '../testbed/interrupt.ts'
import { TESTBED_INDEX_MAX } from '../testbed/plan.ts'
import { createTestbed } from '../testbed/testbed.ts'
import { EVENTS, type BenchEvent } from './events.ts'
import { measure, type Measurement } from './measure.ts'
import { renderReport, type BenchReport } from './report.ts'

/** Each measures some events; a name that is not here does not exist. */
const BENCHES = {
  failover: ['server crash', 'node cut'],
  switchover: ['switchover']
} as const satisfies Readonly<Record<string, readonly BenchEvent[]>>
type BenchName = keyof typeof BENCHES

interface BenchOptions {
  readonly runs: number
  readonly json: boolean
  readonly ovs: '3.1' | '3.5'
  readonly index?: number
}

const RUNS_MAX = 1_000
const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const

const program = new Command('bench')
  .description('Measures the product on the testbed: what clients see of a change of the active, and where the time goes.')
  .addArgument(new Argument('<name>', 'what to measure').choices(Object.keys(BENCHES)))
  .option('--runs <number>', 'how often each event', parseRuns, 10)
  .option('--json', 'every number, for programs', false)
  .addOption(new Option('--ovs <version>', 'the machine\'s Open vSwitch, or 3.5 from the trixie tree (deploy/bootstrap.sh --with-trixie)').choices(['3.1', '3.5']).default('3.1'))
  .option('--index <number>', `which testbed, 0 to ${TESTBED_INDEX_MAX}; the first free one when absent`, parseIndex)
  .exitOverride()

async function bench (name: BenchName, { runs, json, ovs, index }: BenchOptions): Promise<void> {
  const interrupt = onInterrupt()
  const testbed = createTestbed({ index: index ?? await claimFreeIndex(), ovs })
  const tell = (text: string) => { process.stderr.write(`${text}\n`) }
  try {
    const events: BenchReport['events'][number][] = []
    await testbed.up({ signal: interrupt })
    try {
      for (const event of BENCHES[name]) {
        const measurements: Measurement[] = []
        for (let run = 1; run <= runs; run++) {
          const measurement = await measure(testbed, EVENTS[event], interrupt)
          tell(`${event} ${run}/${runs}: ${measurement.from} -> ${measurement.to}, outage ${measurement.outageMs.toFixed(1)} ms, ${measurement.lostWrites} lost`)
          measurements.push(measurement)
        }
        events.push({ event, measurements })
      }
    } finally {
      await testbed.down()
    }
    const report: BenchReport = { bench: name, ovs, processors: cpus().length, architecture: arch(), node: process.version, events }
    const paint = createPaint(process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '')
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : `${renderReport(report, paint).join('\n')}\n`)
  } catch (error) {
    tell(`bench: ${(error as Error).message}`)
    process.exitCode = interrupt.aborted ? EXIT.interrupted : EXIT.failed
  }
}

function parseRuns (value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1 || number > RUNS_MAX) throw new InvalidArgumentError(`1 to ${RUNS_MAX}`)
  return number
}

function parseIndex (value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > TESTBED_INDEX_MAX) throw new InvalidArgumentError(`0 to ${TESTBED_INDEX_MAX}`)
  return number
}

try {
  program.parse()
  const [name] = program.args
  if (process.getuid?.() !== 0) {
    console.error('bench: network namespaces and mounts need root')
    process.exitCode = EXIT.failed
  } else {
    await bench(name as BenchName, program.opts<BenchOptions>())
  }
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  if (error.exitCode !== 0) process.exitCode = EXIT.usage
}
