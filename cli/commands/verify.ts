import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Verification } from '../../protocol/verify.ts'
import type { ControllerClient } from '../client.ts'
import { EXIT, type CliContext, type ConnectionOptions } from '../context.ts'
import { createPaint } from '../render/style.ts'
import { renderProgress, renderVerification } from '../render/verification.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'

interface VerifyOptions extends ConnectionOptions {
  readonly digest?: boolean
  readonly reason?: string
  readonly output: 'table' | 'json'
  readonly json?: boolean
}

const LOOK_EVERY_MS = 500

/** `ovsdb-ha verify [CLUSTER]`: is every table of every backup as that of the active? */
export function registerVerify (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('verify'))
    .argument('[cluster]', 'may be left out when there is only one')
    .description('compare every table of every backup with the active, while they serve and follow; exit code 1 unless all are the same')
    .option('--digest', 'also a digest of each table on both sides')
    .option('--reason <text>', 'why; kept in the history')
    .option('--json', 'the same as -o json')
    .addOption(outputOption())
    .action(async (given: string | undefined, { digest, reason, output, json = false, ...connection }: VerifyOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const begun = await client.verify(cluster, { ...(digest === undefined ? {} : { digests: digest }), ...(reason === undefined ? {} : { reason }) })
      const ended = await follow(client, cluster, begun, context)
      context.out(json || output === 'json' ? JSON.stringify(ended, null, 2) : renderVerification(ended, createPaint(context.colour)).join('\n'))
      if (ended.outcome !== 'same') context.setExitCode(EXIT.failed)
    })
}

async function wasInterrupted (interrupted: AbortSignal): Promise<boolean> {
  try {
    await wait(LOOK_EVERY_MS, undefined, { signal: interrupted })
    return false
  } catch (error) {
    if (!interrupted.aborted) throw error
    return true
  }
}

/** Whoever interrupts this leaves the comparison to go on: its end is in the history. */
async function follow (client: ControllerClient, cluster: string, begun: Verification, { err, interrupted }: CliContext): Promise<Verification> {
  let said = ''
  for (let now = begun; ; now = await client.verification(cluster, begun.id)) {
    const progress = renderProgress(now)
    if (progress !== said) err(progress)
    said = progress
    if (now.outcome !== 'running') return now
    if (await wasInterrupted(interrupted)) {
      err('the comparison goes on; ovsdb-ha history tells how it ends')
      return now
    }
  }
}
