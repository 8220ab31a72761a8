import type { Command } from 'commander'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { addConnectionOptions, clusterNameOr } from './connection-options.ts'

interface FenceOptions extends ConnectionOptions {
  readonly cluster?: string
  readonly reason?: string
  readonly force?: boolean
}

const CLUSTER_HELP = 'may be left out when there is only one'

/** `ovsdb-ha fence NODE`: off, by its device, and certainly so when this ends with 0. */
export function registerFence (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('fence'))
    .argument('<node>', 'the node to power off')
    .description('power a node off by its fence device')
    .option('--cluster <cluster>', CLUSTER_HELP)
    .option('--force', 'also the node that serves: its clients are cut off until another one took over')
    .option('--reason <text>', 'why; kept in the history')
    .action(async (node: string, { cluster: given, reason, force, ...connection }: FenceOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      await client.fence(cluster, node, { ...(force === undefined ? {} : { force }), ...(reason === undefined ? {} : { reason }) })
      context.out(`${node} is off. To power it on again: ovsdb-ha unfence ${node}`)
    })
}

/** `ovsdb-ha unfence NODE`: on again; it comes back as a backup. */
export function registerUnfence (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('unfence'))
    .argument('<node>', 'the node to power on')
    .description('power a node on by its fence device')
    .option('--cluster <cluster>', CLUSTER_HELP)
    .option('--reason <text>', 'why; kept in the history')
    .action(async (node: string, { cluster: given, reason, ...connection }: FenceOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      await client.unfence(cluster, node, reason === undefined ? {} : { reason })
      context.out(`${node} is powered on; it returns as a backup when its agent runs`)
    })
}

/** `ovsdb-ha confirm-off NODE`: an operator's word, where no device can tell. */
export function registerConfirmOff (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('confirm-off'))
    .argument('<node>', 'the node that is off')
    .description('I confirm that this node is off: it is not waited for. If it is not off, two nodes may serve at once')
    .option('--cluster <cluster>', CLUSTER_HELP)
    .requiredOption('--reason <text>', 'how you know; kept in the history with your name')
    .action(async (node: string, { cluster: given, reason = '', ...connection }: FenceOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      await client.confirmOff(cluster, node, { reason })
      context.out(`${node} counts as off in ${cluster} for what it may hold now, until it is heard of again`)
    })
}
