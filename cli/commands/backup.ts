import type { Command } from 'commander'
import { EXIT, type CliContext, type ConnectionOptions } from '../context.ts'
import { renderSnapshot, renderSnapshots } from '../render/snapshots.ts'
import { createPaint } from '../render/style.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'
import { registerRestore } from './restore.ts'

interface BackupOptions extends ConnectionOptions {
  readonly cluster?: string
  readonly reason?: string
  readonly output: 'table' | 'json'
}

const CLUSTER_HELP = 'may be left out when there is only one'

/** `ovsdb-ha backup now|list|verify ID|restore ID`: verified copies of all databases of a cluster. */
export function registerBackup (program: Command, context: CliContext): void {
  const backup = program.command('backup').description('snapshots of all databases: take one, list them, read one back, restore one')
  const { out, setExitCode } = context
  const paint = createPaint(context.colour)

  addConnectionOptions(backup.command('now'))
    .description('take a snapshot, from a backup that is in sync where there is one; done when it was read back')
    .option('--cluster <cluster>', CLUSTER_HELP)
    .option('--reason <text>', 'why; kept with it and in the history')
    .addOption(outputOption())
    .action(async ({ cluster: given, reason, output, ...connection }: BackupOptions) => {
      const client = await context.client(connection)
      const snapshot = await client.takeSnapshot(await clusterNameOr(given, client), reason === undefined ? {} : { reason })
      out(output === 'json' ? JSON.stringify(snapshot, null, 2) : renderSnapshot(snapshot).join('\n'))
    })

  addConnectionOptions(backup.command('list'))
    .description('the snapshots of all nodes, newest first')
    .option('--cluster <cluster>', CLUSTER_HELP)
    .addOption(outputOption())
    .action(async ({ cluster: given, output, ...connection }: BackupOptions) => {
      const client = await context.client(connection)
      const found = await client.snapshots(await clusterNameOr(given, client))
      out(output === 'json' ? JSON.stringify(found, null, 2) : renderSnapshots(found, paint).join('\n'))
    })

  addConnectionOptions(backup.command('verify'))
    .argument('<id>', 'as "ovsdb-ha backup list" shows it')
    .description('read a snapshot back on its node: digest, rows, and whether Open vSwitch loads it; exit code 1 when it is damaged')
    .option('--cluster <cluster>', CLUSTER_HELP)
    .addOption(outputOption())
    .action(async (id: string, { cluster: given, output, ...connection }: BackupOptions) => {
      const client = await context.client(connection)
      const verdict = await client.verifySnapshot(await clusterNameOr(given, client), id)
      const words = verdict.problems.length === 0 ? [`${id} is whole`] : [`${id} IS DAMAGED:`, ...verdict.problems.map(problem => `  ${problem}`)]
      out(output === 'json' ? JSON.stringify(verdict, null, 2) : words.join('\n'))
      if (verdict.problems.length > 0) setExitCode(EXIT.failed)
    })

  registerRestore(backup, context)
}
