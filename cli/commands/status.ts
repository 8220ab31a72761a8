import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import type { ClusterView } from '../../protocol/api.ts'
import { ControllerUnreachableError } from '../cli-errors.ts'
import type { ControllerClient } from '../client.ts'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { renderStatus } from '../render/status.ts'
import { createPaint } from '../render/style.ts'
import { duration } from '../render/time.ts'
import { addConnectionOptions, outputOption } from './connection-options.ts'

interface StatusOptions extends ConnectionOptions {
  readonly watch?: boolean
  readonly output: 'table' | 'json'
}

const REDIAL_MS = 1_000
const CLEAR_SCREEN = '\u001b[H\u001b[2J'

/** `ovsdb-ha status [CLUSTER]`: what is, in plain words; every cluster when none is named. */
export function registerStatus (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('status'))
    .argument('[cluster]', 'only this cluster')
    .description('what each cluster and node does, and what stands in the way')
    .option('-w, --watch', 'go on, and show each change; with -o json one line per change')
    .addOption(outputOption())
    .action(async (cluster: string | undefined, options: StatusOptions) => {
      const client = await context.client(options)
      if (options.watch === true) await watch(client, cluster, options.output, context)
      else await once(client, cluster, options.output, context)
    })
}

async function once (client: ControllerClient, cluster: string | undefined, output: 'table' | 'json', context: CliContext): Promise<void> {
  const views = cluster !== undefined
    ? [await client.cluster(cluster)]
    : await Promise.all((await client.clusters()).clusters.map(({ name }) => client.cluster(name)))
  if (output === 'json') return context.out(JSON.stringify(cluster === undefined ? { clusters: views } : views[0], null, 2))
  context.out(page(views, context))
}

function page (views: readonly ClusterView[], { colour }: CliContext): string {
  const paint = createPaint(colour)
  if (views.length === 0) return 'This controller has no cluster.'
  return views.map(view => renderStatus(view, paint).join('\n')).join('\n\n')
}

/** Follows the events, and dials again when they break off: until then the page says that it is old, and how old. */
async function watch (client: ControllerClient, cluster: string | undefined, output: 'table' | 'json', context: CliContext): Promise<void> {
  const { interrupted, nowMs } = context
  const known = new Map<string, ClusterView>()
  let heardMs = nowMs()
  if (cluster !== undefined) await client.cluster(cluster) // an unknown one is refused now
  while (!interrupted.aborted) {
    try {
      for await (const view of client.follow(interrupted)) {
        if (cluster !== undefined && view.name !== cluster) continue
        known.set(view.name, view)
        heardMs = nowMs()
        if (output === 'json') context.out(JSON.stringify(view))
        else show(page([...known.values()], context), context)
      }
    } catch (error) {
      if (!(error instanceof ControllerUnreachableError) || known.size === 0) throw error
      if (output === 'table') show(`${createPaint(context.colour)('bad', `CONTROLLER UNREACHABLE: ${error.message}`)}\nWhat follows is ${duration(nowMs() - heardMs)} old; the clusters serve without a controller.\n\n${page([...known.values()], context)}`, context)
    }
    await pause(interrupted)
  }
}

function show (text: string, { terminal, out }: CliContext): void {
  out(terminal ? CLEAR_SCREEN + text : `${text}\n`)
}

async function pause (interrupted: AbortSignal): Promise<void> {
  try {
    await wait(REDIAL_MS, undefined, { signal: interrupted })
  } catch (error) {
    if (!interrupted.aborted) throw error
  }
}
