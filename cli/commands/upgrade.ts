import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import type { UpgradeView } from '../../protocol/upgrade.ts'
import type { ControllerClient } from '../client.ts'
import { EXIT, type CliContext, type ConnectionOptions } from '../context.ts'
import { renderCheck, renderUpgrade } from '../render/upgrade.ts'
import { createPaint } from '../render/style.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'

interface UpgradeOptions extends ConnectionOptions {
  readonly reason?: string
  readonly wait?: boolean
  readonly convert?: boolean
  readonly cutOver?: boolean
  readonly confirm?: string
  readonly output: 'table' | 'json'
}

const CLUSTER_HELP = 'may be left out when there is only one'
const LOOK_EVERY_MS = 1_000
/** A controller that restarts is waited for as long. */
const UNHEARD_MAX = 60

/** `ovsdb-ha upgrade check|run|status|stop|resume [CLUSTER]`: all servers restarted, one node after the other, clients served. */
export function registerUpgrade (program: Command, context: CliContext): void {
  const upgrade = program.command('upgrade').description('restart all servers one node after the other, with whatever Open vSwitch is installed now')
  const { out, setExitCode } = context
  const paint = createPaint(context.colour)
  const command = (name: string) => addConnectionOptions(upgrade.command(name)).argument('[cluster]', CLUSTER_HELP).addOption(outputOption())
  const say = (view: UpgradeView, output: UpgradeOptions['output']): void => {
    out(output === 'json' ? JSON.stringify(view, null, 2) : renderUpgrade(view, paint).join('\n'))
    if (view.upgrade?.stage === 'stopped') setExitCode(EXIT.failed)
  }

  command('check')
    .description('versions of programs and schemas on every node, which copy could follow which, what "run" would do; exit code 1 when it would be refused')
    .action(async (given: string | undefined, { output, ...connection }: UpgradeOptions) => {
      const client = await context.client(connection)
      const check = await client.upgradeCheck(await clusterNameOr(given, client))
      out(output === 'json' ? JSON.stringify(check, null, 2) : renderCheck(check, paint).join('\n'))
      if (check.refusals.length > 0) setExitCode(EXIT.failed)
    })

  command('status')
    .description('the restart that runs, or the last one')
    .action(async (given: string | undefined, { output, ...connection }: UpgradeOptions) => {
      const client = await context.client(connection)
      say(await client.upgrade(await clusterNameOr(given, client)), output)
    })

  for (const order of ['run', 'stop', 'resume'] as const) {
    const ordered = command(order)
      .description({ run: 'the backups one at a time, then a switchover, then the old active; each only when every node serves or follows', stop: 'order nothing more; what was ordered comes to its end', resume: 'go on where it was stopped' }[order])
    if (order !== 'resume') ordered.option('--reason <text>', 'why; kept in the history')
    if (order === 'run') ordered.option('--convert', 'take a snapshot first, and convert each database to the schema file of its node on the way')
    if (order === 'run') ordered.option('--cut-over', 'the same to schemas that the old ones cannot replicate into: one way, nobody can take over meanwhile').option('--confirm <cluster>', 'with --cut-over: the name of the cluster; without it only what it costs is told')
    if (order !== 'stop') ordered.option('--no-wait', 'answer when it has begun')
    ordered.action(async (given: string | undefined, { reason, wait, convert, cutOver, confirm, output, ...connection }: UpgradeOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const begun = await client.orderUpgrade(cluster, order, { ...(reason === undefined ? {} : { reason }), ...(convert === true ? { convert } : {}), ...(cutOver === true ? { cutOver } : {}), ...(confirm === undefined ? {} : { confirm }) })
      const quiet = order === 'stop' || wait === false
      if (quiet) out(output === 'json' ? JSON.stringify(begun, null, 2) : renderUpgrade(begun, paint).join('\n'))
      else say(await untilItEnds(client, cluster, begun), output)
    })
  }
}

/** Until it is done or stopped; a controller that does not answer for a while may be one that is just replaced. */
async function untilItEnds (client: ControllerClient, cluster: string, begun: UpgradeView): Promise<UpgradeView> {
  let view = begun
  for (let unheard = 0; view.upgrade?.stage === 'running';) {
    await delay(LOOK_EVERY_MS)
    try {
      view = await client.upgrade(cluster)
      unheard = 0
    } catch (error) {
      unheard += 1
      if (unheard > UNHEARD_MAX) throw error
    }
  }
  return view
}
