import { InvalidArgumentError, Option, type Command } from 'commander'
import { DIFF_ROWS_MAX, DIFFERENCE_KINDS, type DifferenceKind } from '../../protocol/rescue-replay.ts'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { renderDiff } from '../render/rescue-diff.ts'
import { renderRescue, renderRescues } from '../render/rescue.ts'
import { createPaint } from '../render/style.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'

export interface RescueOptions extends ConnectionOptions {
  readonly cluster?: string
  readonly output: 'table' | 'json'
  readonly reason?: string
}

const CLUSTER_HELP = 'may be left out when there is only one'

/** A subcommand of `rescue` with the options that all of them have. */
export function rescueCommand (rescue: Command, name: string, description: string): Command {
  return addConnectionOptions(rescue.command(name)).description(description).option('--cluster <cluster>', CLUSTER_HELP)
}

/** `ovsdb-ha rescue list|show|diff|acknowledge|rm`: what was kept of a node's data before it was overwritten. */
export function registerRescue (program: Command, context: CliContext): Command {
  const rescue = program.command('rescue').description('data that was kept before replication overwrote it: list, show, diff, apply, export, acknowledge, rm')
  const paint = createPaint(context.colour)
  const print = (output: 'table' | 'json', value: object, lines: () => readonly string[]) => context.out(output === 'json' ? JSON.stringify(value, null, 2) : lines().join('\n'))

  rescueCommand(rescue, 'list', 'the rescues of all nodes, newest first')
    .addOption(outputOption())
    .action(async ({ cluster: given, output, ...connection }: RescueOptions) => {
      const client = await context.client(connection)
      const found = await client.rescues(await clusterNameOr(given, client))
      print(output, found, () => renderRescues(found, paint))
    })

  rescueCommand(rescue, 'show', 'one rescue: what it is of, why it was taken, and what the active lacked then')
    .argument('<id>', 'as rescue list shows it')
    .addOption(outputOption())
    .action(async (id: string, { cluster: given, output, ...connection }: RescueOptions) => {
      const client = await context.client(connection)
      const found = await client.rescue(await clusterNameOr(given, client), id)
      print(output, found, () => renderRescue(found, paint))
    })

  rescueCommand(rescue, 'diff', 'how its rows differ from those of the active now')
    .argument('<id>', 'as rescue list shows it')
    .option('--table <table>', 'only rows of this table')
    .addOption(new Option('--kind <kind>', 'missing: only in the rescue; changed: in both; extra: only in the active').choices(DIFFERENCE_KINDS))
    .option('--limit <rows>', 'how many rows', rowLimit, 200)
    .addOption(outputOption())
    .action(async (id: string, { cluster: given, output, table, kind, limit, ...connection }: RescueOptions & { readonly table?: string, readonly kind?: DifferenceKind, readonly limit: number }) => {
      const client = await context.client(connection)
      const found = await client.rescueDiff(await clusterNameOr(given, client), id, { ...(table === undefined ? {} : { table }), ...(kind === undefined ? {} : { kind }), limit })
      print(output, found, () => renderDiff(found, paint))
    })

  rescueCommand(rescue, 'acknowledge', 'it was seen: it may go when room is needed, or when it is old')
    .argument('<id>', 'as rescue list shows it')
    .option('--reason <text>', 'why; kept in the history')
    .action(async (id: string, { cluster: given, reason, ...connection }: RescueOptions) => {
      const client = await context.client(connection)
      await client.acknowledgeRescue(await clusterNameOr(given, client), id, reason === undefined ? {} : { reason })
      context.out(`rescue ${id} is acknowledged`)
    })

  rescueCommand(rescue, 'rm', 'delete a rescue')
    .argument('<id>', 'as rescue list shows it')
    .option('--force', 'also one that nobody has acknowledged: what only it has is lost')
    .option('--reason <text>', 'why; kept in the history')
    .action(async (id: string, { cluster: given, reason, force, ...connection }: RescueOptions & { readonly force?: boolean }) => {
      const client = await context.client(connection)
      await client.removeRescue(await clusterNameOr(given, client), id, { ...(force === undefined ? {} : { force }), ...(reason === undefined ? {} : { reason }) })
      context.out(`rescue ${id} is deleted`)
    })
  return rescue
}

function rowLimit (text: string): number {
  const rows = Number(text)
  if (Number.isSafeInteger(rows) && rows > 0 && rows <= DIFF_ROWS_MAX) return rows
  throw new InvalidArgumentError(`It is a number from 1 to ${DIFF_ROWS_MAX}.`)
}
