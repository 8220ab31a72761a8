import type { Command } from 'commander'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { addConnectionOptions, clusterNameOr } from './connection-options.ts'

interface ForceOptions extends ConnectionOptions {
  readonly cluster?: string
  readonly confirm?: string
  readonly reason?: string
}

/** `ovsdb-ha quorum force NODE…`: after the loss of most voters, or of their files, and only then. */
export function registerQuorum (program: Command, context: CliContext): void {
  const quorum = program.command('quorum').description('after the loss of most voters')
  addConnectionOptions(quorum.command('force'))
    .argument('<nodes...>', 'all that shall vote from now on; they report, and those with a damaged state file may be among them')
    .description('declare lost for good whatever other voters promised. If one of them lives and serves, two nodes serve at once and their data part: power them off first')
    .option('--cluster <cluster>', 'may be left out when there is only one')
    .requiredOption('--confirm <cluster>', 'the name of the cluster once more, typed by you')
    .requiredOption('--reason <text>', 'how you know that they are gone; kept in the history with your name')
    .action(async (voters: readonly string[], { cluster: given, confirm = '', reason = '', ...connection }: ForceOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const view = await client.forceQuorum(cluster, { voters: [...voters], confirm, reason })
      context.out(`${cluster}: ${view.voters.names.join(', ')} vote (generation ${view.voters.generation}), by force. Bring none of the others back without a new state directory`)
      context.out(`Who served last is not known any more, so nobody is promoted by itself: compare the copies ("ovsdb-ha explain"), then "ovsdb-ha failover ${cluster} --to NODE --force"`)
    })
}
