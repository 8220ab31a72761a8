import type { Command } from 'commander'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { addConnectionOptions, clusterNameOr } from './connection-options.ts'

/** `ovsdb-ha pause [CLUSTER]`: no decisions until it is resumed; service goes on (S10). */
export function registerPause (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('pause'))
    .argument('[cluster]', 'may be left out when there is only one')
    .description('stop failovers and every other decision; the cluster keeps serving')
    .option('--reason <text>', 'why; shown in status')
    .action(async (given: string | undefined, { reason, ...connection }: ConnectionOptions & { readonly reason?: string }) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      await client.pause(cluster, reason === undefined ? {} : { reason })
      context.out(`${cluster} is paused: it keeps serving, and nothing is failed over until: ovsdb-ha resume ${cluster}`)
    })
}
