import { InvalidArgumentError, type Command } from 'commander'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { addConnectionOptions, clusterNameOr } from './connection-options.ts'

interface AcknowledgeOptions extends ConnectionOptions {
  readonly failover?: number
  readonly reason?: string
}

/** `ovsdb-ha acknowledge [CLUSTER]`: what failed was seen; it counts no more and locks nobody out. */
export function registerAcknowledge (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('acknowledge'))
    .argument('[cluster]', 'may be left out when there is only one')
    .description('automatic failovers were seen: allow more of them, and prefer the nodes that failed as before')
    .option('--failover <id>', 'only this one, by the number that status shows; all of them when left out', failoverId)
    .option('--reason <text>', 'why; kept in the history')
    .action(async (given: string | undefined, { failover, reason, ...connection }: AcknowledgeOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const { recoveries } = await client.acknowledge(cluster, { ...(failover === undefined ? {} : { failoverTerm: failover }), ...(reason === undefined ? {} : { reason }) })
      context.out(`${cluster}: acknowledged; ${recoveries.usedFailovers} of ${recoveries.limitFailovers} automatic failovers of an hour are used`)
    })
}

function failoverId (text: string): number {
  const id = Number(text)
  if (Number.isSafeInteger(id) && id > 0) return id
  throw new InvalidArgumentError('It is the number that status shows, such as 12.')
}
