import type { Command } from 'commander'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { addConnectionOptions, clusterNameOr } from './connection-options.ts'

/** `ovsdb-ha resume [CLUSTER]`: takes up decisions again. */
export function registerResume (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('resume'))
    .argument('[cluster]', 'may be left out when there is only one')
    .description('take up decisions again after a pause')
    .action(async (given: string | undefined, connection: ConnectionOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const { summary } = await client.resume(cluster)
      context.out(`${cluster} is resumed: ${summary}`)
    })
}
