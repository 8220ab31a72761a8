import type { Command } from 'commander'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'
import { reportOperation } from './operation.ts'

interface FailoverOptions extends ConnectionOptions {
  readonly to?: string
  readonly reason?: string
  readonly force?: boolean
  readonly output: 'table' | 'json'
}

/** `ovsdb-ha failover [CLUSTER]`: for an active that is lost; `--force` also loses data, and says which. */
export function registerFailover (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('failover'))
    .argument('[cluster]', 'may be left out when there is only one')
    .description('promote another node when the active is lost')
    .option('--to <node>', 'the node to promote; the best candidate when left out')
    .option('--force', 'also take a node that is not in sync: what it lacks is lost, and the answer says what')
    .option('--reason <text>', 'why; kept in the history')
    .addOption(outputOption())
    .action(async (given: string | undefined, { to, reason, force, output, ...connection }: FailoverOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const operation = await client.failover(cluster, {
        ...(to === undefined ? {} : { to }),
        ...(force === undefined ? {} : { force }),
        ...(reason === undefined ? {} : { reason })
      })
      reportOperation(cluster, operation, output, context)
    })
}
