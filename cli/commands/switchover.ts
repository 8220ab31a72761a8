import type { Command } from 'commander'
import { parseDurationMs } from '../../protocol/duration.ts'
import { UsageError } from '../cli-errors.ts'
import type { ControllerClient } from '../client.ts'
import { EXIT, type CliContext, type ConnectionOptions } from '../context.ts'
import { plannedInWords, renderPreview } from '../render/planned.ts'
import { createPaint } from '../render/style.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'
import { reportOperation } from './operation.ts'

interface SwitchoverOptions extends ConnectionOptions {
  readonly to?: string
  readonly reason?: string
  readonly at?: string
  readonly within?: number
  readonly list?: boolean
  readonly cancel?: string
  readonly dryRun?: boolean
  readonly output: 'table' | 'json'
}

/** `ovsdb-ha switchover [CLUSTER]`: a planned change; refused rather than lossy. Now, at a set time, or only told. */
export function registerSwitchover (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('switchover'))
    .argument('[cluster]', 'may be left out when there is only one')
    .description('move the active to another node without losing an acknowledged write')
    .option('--to <node>', 'the node to promote; the best candidate when left out')
    .option('--reason <text>', 'why; kept in the history')
    .option('--dry-run', 'say what would be done, whom it would promote and why not the others; exit code 1 when it would be refused')
    .option('--at <time>', 'not now but then, such as 2026-01-02T03:04:05Z, by whichever controller leads')
    .option('--within <duration>', 'with --at: it may begin so much later; after that it is missed (1m)', durationMs)
    .option('--list', 'those that are planned')
    .option('--cancel <id>', 'take back one that is planned')
    .addOption(outputOption())
    .action(async (given: string | undefined, options: SwitchoverOptions) => {
      refuseMixtures(options)
      const client = await context.client(options)
      await run(client, await clusterNameOr(given, client), options, context)
    })
}

async function run (client: ControllerClient, cluster: string, { to, reason, at, within, list, cancel, dryRun, output }: SwitchoverOptions, context: CliContext): Promise<void> {
  const { out, colour, setExitCode } = context
  const print = (value: unknown, lines: () => readonly string[]): void => out(output === 'json' ? JSON.stringify(value, null, 2) : lines().join('\n'))
  const said = { ...(to === undefined ? {} : { to }), ...(reason === undefined ? {} : { reason }) }
  if (list === true || cancel !== undefined) {
    const found = cancel === undefined ? await client.plannedSwitchovers(cluster) : await client.cancelSwitchover(cluster, cancel)
    const none = cancel === undefined ? `${cluster}: no switchover is planned` : `${cluster}: ${cancel} is cancelled; no other switchover is planned`
    return print(found, () => found.planned.length === 0 ? [none] : found.planned.map(one => `${cluster}: ${plannedInWords(one)}`))
  }
  if (at !== undefined) {
    const planned = await client.planSwitchover(cluster, { at, ...said, ...(within === undefined ? {} : { withinMs: within }) })
    return print(planned, () => [`${cluster}: ${plannedInWords(planned)}`, `  take it back: ovsdb-ha switchover ${cluster} --cancel ${planned.id}`])
  }
  if (dryRun === true) {
    const preview = await client.previewSwitchover(cluster, to)
    print(preview, () => renderPreview(preview, createPaint(colour)))
    if (preview.refusal !== null) setExitCode(EXIT.failed)
    return
  }
  reportOperation(cluster, await client.switchover(cluster, said), output, context)
}

function refuseMixtures ({ to, at, within, list, cancel, dryRun }: SwitchoverOptions): void {
  const ways = [at !== undefined && '--at', list === true && '--list', cancel !== undefined && '--cancel', dryRun === true && '--dry-run'].filter(way => way !== false)
  if (ways.length > 1) throw new UsageError(`${ways.join(' and ')} do not go together`, 'Give one of them.')
  if (within !== undefined && at === undefined) throw new UsageError('--within is for --at only', 'Say when: --at TIME.')
  if (to !== undefined && (list === true || cancel !== undefined)) throw new UsageError(`--to has no meaning with ${ways.join()}`, 'Leave it out.')
}

function durationMs (text: string): number {
  const ms = parseDurationMs(text)
  if (ms === undefined) throw new UsageError(`${text} is no duration`, 'Write a number and a unit: 45s, 90m, 2h.')
  return ms
}
