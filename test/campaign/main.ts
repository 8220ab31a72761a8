// npm run campaign -- NAME: proofs on the testbed that take many runs, each checked from outside with the neutral prober.
import { writeFile } from 'node:fs/promises'
import { arch, cpus } from 'node:os'
import { Argument, Command, CommanderError, Option } from 'commander'
import { createPaint } from '../../cli/render/style.ts'
import { createRandom } from '../sim/world.ts'
import { claimFreeIndex } from '../testbed/free-index.ts'
import { onInterrupt } from '../testbed/interrupt.ts'
import { parseWhole } from '../testbed/parse-whole.ts'
import { TESTBED_INDEX_MAX } from '../testbed/plan.ts'
import { createTestbed } from '../testbed/testbed.ts'
import type { Campaign } from './campaign.ts'
import { coldStarts } from './cold-starts.ts'
import { crashes } from './crashes.ts'
import { positionCost } from './position-cost.ts'
import { renderReport } from './report.ts'
import { restarts } from './restarts.ts'
import { switchovers } from './switchovers.ts'

const CAMPAIGNS = { switchovers, crashes, restarts, coldstarts: coldStarts, 'position-cost': positionCost } as const satisfies Readonly<Record<string, Campaign>>
type CampaignName = keyof typeof CAMPAIGNS

interface CampaignOptions {
  readonly runs?: number
  readonly seed: number
  readonly ovs: '3.1' | '3.5'
  readonly index?: number
  readonly json?: string
}

const RUNS_MAX = 10_000
const SEED_MAX = 0xffff_ffff
const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const

const program = new Command('campaign')
  .description('Proofs that take many runs on the testbed, checked from outside. Ends with 1 when something was found.')
  .addArgument(new Argument('<name>', Object.entries(CAMPAIGNS).map(([name, { proves }]) => `${name}: ${proves}`).join('\n')).choices(Object.keys(CAMPAIGNS)))
  .option('--runs <number>', 'how many', parseWhole(1, RUNS_MAX))
  .option('--seed <number>', 'the same seed draws the same faults', parseWhole(0, SEED_MAX), 1)
  .addOption(new Option('--ovs <version>', 'the machine\'s Open vSwitch, or 3.5 from the trixie tree (deploy/bootstrap.sh --with-trixie)').choices(['3.1', '3.5']).default('3.1'))
  .option('--index <number>', `which testbed, 0 to ${TESTBED_INDEX_MAX}; the first free one when absent`, parseWhole(0, TESTBED_INDEX_MAX))
  .option('--json <file>', 'write the report there too, every run of it')
  .exitOverride()

async function campaign (name: CampaignName, { runs, seed, ovs, index, json }: CampaignOptions): Promise<void> {
  const interrupt = onInterrupt()
  const tell = (text: string) => { process.stderr.write(`${text}\n`) }
  const { proves, runsDefault, play, testbed: options }: Campaign = CAMPAIGNS[name]
  try {
    const testbed = createTestbed({ index: index ?? await claimFreeIndex(), ovs, ...options })
    tell(`campaign ${name}: seed ${seed}, testbed ${testbed.plan.index}`)
    const startMs = performance.now()
    await testbed.up({ signal: interrupt })
    try {
      const findings = await play({ testbed, random: createRandom(seed), runs: runs ?? runsDefault, interrupt, tell })
      const report = { campaign: name, proves, ovs, seed, processors: cpus().length, architecture: arch(), node: process.version, tookSeconds: (performance.now() - startMs) / 1_000, ...findings }
      const paint = createPaint(process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '')
      process.stdout.write(`${renderReport(report, paint).join('\n')}\n`)
      if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`)
      process.exitCode = interrupt.aborted ? EXIT.interrupted : report.violations.length > 0 ? EXIT.failed : 0
    } finally {
      await testbed.down()
    }
  } catch (error) {
    tell(`campaign: ${interrupt.aborted ? 'interrupted' : (error as Error).message}`)
    process.exitCode = interrupt.aborted ? EXIT.interrupted : EXIT.failed
  }
}

try {
  program.parse()
  if (process.getuid?.() !== 0) {
    console.error('campaign: network namespaces and mounts need root')
    process.exitCode = EXIT.failed
  } else {
    await campaign(program.args[0] as CampaignName, program.opts<CampaignOptions>())
  }
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  if (error.exitCode !== 0) process.exitCode = EXIT.usage
}
