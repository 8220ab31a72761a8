import { setTimeout as sleep } from 'node:timers/promises'
import { Argument, type Command } from 'commander'
import { JOBS, type Job, type LastRun, type RunReply } from '../../protocol/schedule.ts'
import type { ControllerClient } from '../client.ts'
import { EXIT, type CliContext, type ConnectionOptions } from '../context.ts'
import { lastInWords, renderSchedules } from '../render/schedules.ts'
import { createPaint } from '../render/style.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'

interface SchedulesOptions extends ConnectionOptions {
  readonly cluster?: string
  readonly wait: boolean
  readonly output: 'table' | 'json'
}

const CLUSTER_HELP = 'may be left out when there is only one'
const LOOK_EVERY_MS = 500
/** A drill may stay for a day. */
const RUN_DEADLINE_MS = 30 * 3_600_000
/** A controller that does not lead learns from the store what the leader does; and the leader may change meanwhile. */
const UNSEEN_MS = 15_000

/** `ovsdb-ha schedules [list|run JOB]`: what a cluster does at set times. */
export function registerSchedules (program: Command, context: CliContext): void {
  const schedules = program.command('schedules').description('what a cluster does at set times: list it, run a job now')
  const { out, setExitCode } = context
  const paint = createPaint(context.colour)

  addConnectionOptions(schedules.command('list', { isDefault: true }))
    .description('every job: when it comes next, what runs, and how it last went')
    .option('--cluster <cluster>', CLUSTER_HELP)
    .addOption(outputOption())
    .action(async ({ cluster: given, output, ...connection }: SchedulesOptions) => {
      const client = await context.client(connection)
      const view = await client.schedules(await clusterNameOr(given, client))
      out(output === 'json' ? JSON.stringify(view, null, 2) : renderSchedules(view, paint).join('\n'))
    })

  addConnectionOptions(schedules.command('run'))
    .addArgument(new Argument('<job>').choices(JOBS))
    .description('run a job now, whether it has a schedule or not; exit code 1 when it did not do all that it was to do')
    .option('--cluster <cluster>', CLUSTER_HELP)
    .option('--no-wait', 'do not wait for its end')
    .addOption(outputOption())
    .action(async (job: Job, { cluster: given, wait, output, ...connection }: SchedulesOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const begun = await client.runSchedule(cluster, job)
      if (!wait) return out(output === 'json' ? JSON.stringify(begun, null, 2) : `the ${job} has begun: "ovsdb-ha schedules" tells its end`)
      const last = await endOf(client, cluster, begun, context)
      out(output === 'json' ? JSON.stringify(last, null, 2) : last === null ? `how the ${job} ends is not known yet: see "ovsdb-ha schedules"` : lastInWords(last))
      if (last?.outcome !== 'done') setExitCode(EXIT.failed)
    })
}

/** Null when that is not known: nobody waits any longer; or the leader changed, and the store forgot. */
async function endOf (client: ControllerClient, cluster: string, { job, at }: RunReply, { nowMs, interrupted }: CliContext): Promise<LastRun | null> {
  const untilMs = nowMs() + RUN_DEADLINE_MS
  let seenMs = nowMs()
  while (!interrupted.aborted && nowMs() < untilMs) {
    const schedule = (await client.schedules(cluster)).schedules.find(one => one.job === job)
    if (schedule?.last?.at === at) return schedule.last
    if (schedule?.running?.at === at || schedule?.waiting?.at === at) seenMs = nowMs()
    if (nowMs() - seenMs > UNSEEN_MS) return null
    await sleep(LOOK_EVERY_MS, undefined, { signal: interrupted }).catch(() => { /* the loop ends by itself */ })
  }
  return null
}
