import { Argument, type Command } from 'commander'
import { parseDurationMs } from '../../protocol/duration.ts'
import { PREFERENCES, type Preference, type PreferenceBody } from '../../protocol/preference.ts'
import { UsageError } from '../cli-errors.ts'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { preferenceInWords } from '../render/preference.ts'
import { addConnectionOptions, clusterNameOr } from './connection-options.ts'

interface PreferOptions extends ConnectionOptions {
  readonly cluster?: string
  readonly for?: number
  readonly until?: string
  readonly reason?: string
}

/** `ovsdb-ha prefer NODE prefer|neutral|avoid|never`: whom to promote rather, or not at all; data comes before it (S6). */
export function registerPrefer (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('prefer'))
    .argument('<node>', 'a data node')
    .addArgument(new Argument('<preference>', 'prefer or avoid: first or last among nodes with the same data; never: by a forced failover only; neutral: none of these').choices(PREFERENCES))
    .description('say whom to promote rather, or not at all; who serves, serves on')
    .option('--cluster <cluster>', 'may be left out when there is only one')
    .option('--for <duration>', 'neutral again after so long, such as 90m or 2h', durationMs)
    .option('--until <time>', 'neutral again at that time, such as 2026-01-02T03:04:05Z')
    .option('--reason <text>', 'why; shown in status')
    .action(async (node: string, preference: Preference, { cluster: given, for: forMs, until, reason, ...connection }: PreferOptions) => {
      if (forMs !== undefined && until !== undefined) throw new UsageError('--for and --until say the same', 'Give one of them.')
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const body: PreferenceBody = { preference, ...(forMs === undefined ? {} : { forMs }), ...(until === undefined ? {} : { until }), ...(reason === undefined ? {} : { reason }) }
      const view = await client.prefer(cluster, node, body)
      const set = view.nodes.find(one => one.name === node)?.preference ?? null
      context.out(set === null ? `${cluster}: ${node} is like any other node` : `${cluster}: ${preferenceInWords(node, set)}`)
      if (view.active === node && set !== null && set.preference !== 'prefer') context.out(`  ${node} serves, and serves on: ovsdb-ha switchover ${cluster} moves the service`)
    })
}

function durationMs (text: string): number {
  const ms = parseDurationMs(text)
  if (ms === undefined) throw new UsageError(`${text} is no duration`, 'Write a number and a unit: 45s, 90m, 2h.')
  return ms
}
