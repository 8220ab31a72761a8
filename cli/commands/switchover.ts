import type { Command } from 'commander'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'
import { reportOperation } from './operation.ts'

interface SwitchoverOptions extends ConnectionOptions {
  readonly to?: string
  readonly reason?: string
  readonly output: 'table' | 'json'
}

/** `ovsdb-ha switchover [CLUSTER]`: a planned change; refused rather than lossy. */
export function registerSwitchover (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('switchover'))
    .argument('[cluster]', 'may be left out when there is only one')
    .description('move the active to another node without losing an acknowledged write')
    .option('--to <node>', 'the node to promote; the best candidate when left out')
    .option('--reason <text>', 'why; kept in the history')
    .addOption(outputOption())
    .action(async (given: string | undefined, { to, reason, output, ...connection }: SwitchoverOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const operation = await client.switchover(cluster, { ...(to === undefined ? {} : { to }), ...(reason === undefined ? {} : { reason }) })
      reportOperation(cluster, operation, output, context)
    })
}
