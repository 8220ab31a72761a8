import type { Command } from 'commander'
import type { ClusterView } from '../../protocol/api.ts'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { addConnectionOptions, clusterNameOr } from './connection-options.ts'

interface VotersOptions extends ConnectionOptions {
  readonly cluster?: string
  readonly reason?: string
}

const CLUSTER_HELP = 'may be left out when there is only one'

/** `ovsdb-ha voters show|add NODE|remove NODE`: who votes, as the voters have stored it; one more or one less at a time. */
export function registerVoters (program: Command, context: CliContext): void {
  const voters = program.command('voters').description('who votes: show, add or remove one node')
  addConnectionOptions(voters.command('show'))
    .description('who votes, and which nodes do not agree')
    .option('--cluster <cluster>', CLUSTER_HELP)
    .action(async ({ cluster: given, ...connection }: VotersOptions) => {
      const client = await context.client(connection)
      for (const line of inWords(await client.cluster(await clusterNameOr(given, client)))) context.out(line)
    })
  for (const change of ['add', 'remove'] as const) {
    addConnectionOptions(voters.command(change))
      .argument('<node>', change === 'add' ? 'a member of cluster.yaml that does not vote' : 'a voter that does not serve')
      .description(change === 'add' ? 'give a node a vote; clients notice nothing' : 'take the vote of a node away; clients notice nothing')
      .option('--cluster <cluster>', CLUSTER_HELP)
      .option('--reason <text>', 'why; kept in the history')
      .action(async (node: string, { cluster: given, reason, ...connection }: VotersOptions) => {
        const client = await context.client(connection)
        const cluster = await clusterNameOr(given, client)
        for (const line of inWords(await client.changeVoters(cluster, change, node, reason === undefined ? {} : { reason }))) context.out(line)
      })
  }
}

function inWords ({ name, voters, nodes, configDiffers }: ClusterView): readonly string[] {
  const mute = nodes.filter(node => !voters.names.includes(node.name)).map(node => node.name)
  return [
    `${name}: ${voters.names.join(', ')} vote (generation ${voters.generation})`,
    ...(mute.length === 0 ? [] : [`  in cluster.yaml, without a vote: ${mute.join(', ')}`]),
    ...(configDiffers === null ? [] : [`  CONFIGURATIONS DIFFER: ${configDiffers}`])
  ]
}
