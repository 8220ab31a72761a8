import type { Command } from 'commander'
import { UsageError } from '../cli-errors.ts'
import { EXIT, type CliContext, type ConnectionOptions } from '../context.ts'
import { renderRestore } from '../render/restore.ts'
import { createPaint } from '../render/style.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'

interface RestoreOptions extends ConnectionOptions {
  readonly cluster?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly confirm?: string
  readonly reason?: string
  readonly output: 'table' | 'json'
}

/** `ovsdb-ha backup restore ID`: shows what would be overwritten; with a confirmation, overwrites it. */
export function registerRestore (backup: Command, context: CliContext): void {
  const { out, err, setExitCode } = context
  const paint = createPaint(context.colour)

  addConnectionOptions(backup.command('restore'))
    .argument('<id>', 'as "ovsdb-ha backup list" shows it')
    .description('make the databases what a snapshot holds: shows what would be overwritten, and does it only when it is confirmed')
    .option('--cluster <cluster>', 'may be left out when there is only one')
    .option('--dry-run', 'only show it')
    .option('--confirm <cluster>', 'do it: the name of the cluster, typed once more')
    .option('--yes', 'do it, without the name')
    .option('--reason <text>', 'why; kept in the history')
    .addOption(outputOption())
    .action(async (id: string, { cluster: given, dryRun = false, yes = false, confirm, reason, output, ...connection }: RestoreOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      if (confirm !== undefined && confirm !== cluster) throw new UsageError(`--confirm ${confirm} is not the name of the cluster`, `It is ${cluster}; nothing was changed.`)
      const confirmed = !dryRun && (yes || confirm !== undefined)
      const reply = await client.restoreSnapshot(cluster, id, { ...(confirmed ? { confirm: cluster } : { dryRun: true }), ...(reason === undefined ? {} : { reason }) })
      out(output === 'json' ? JSON.stringify(reply, null, 2) : renderRestore(reply, paint).join('\n'))
      if (reply.databases.some(({ state }) => state === 'failed')) return setExitCode(EXIT.failed)
      if (confirmed || dryRun || reply.databases.every(({ state }) => state === 'same')) return
      err(`nothing was changed. To do it: ovsdb-ha backup restore ${id} --confirm ${cluster}`)
      setExitCode(EXIT.failed)
    })
}
