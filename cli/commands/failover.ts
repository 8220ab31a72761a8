import type { Command } from 'commander'
import type { CopyComparisons } from '../../protocol/copy-comparison.ts'
import { OvsdbHaError } from '../../protocol/errors.ts'
import type { ControllerClient } from '../client.ts'
import { EXIT, type CliContext, type ConnectionOptions } from '../context.ts'
import { renderComparisons } from '../render/copy-comparison.ts'
import { renderFailoverPreview } from '../render/failover-preview.ts'
import { createPaint } from '../render/style.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'
import { reportOperation } from './operation.ts'

interface FailoverOptions extends ConnectionOptions {
  readonly to?: string
  readonly reason?: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly output: 'table' | 'json'
}

/** Who may look may not read what is in the databases; the rest of the preview is true without it. */
async function comparedWith (client: ControllerClient, cluster: string, to: string): Promise<CopyComparisons | { readonly problem: string }> {
  try {
    return await client.compareCopies(cluster, to)
  } catch (error) {
    if (error instanceof OvsdbHaError) return { problem: error.message }
    throw error
  }
}

/** `ovsdb-ha failover [CLUSTER]`: for an active that is lost; `--force` also loses data, and says which. */
export function registerFailover (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('failover'))
    .argument('[cluster]', 'may be left out when there is only one')
    .description('promote another node when the active is lost')
    .option('--to <node>', 'the node to promote; the best candidate when left out')
    .option('--force', 'also take a node that is not in sync: what it lacks is lost, and the answer says what')
    .option('--reason <text>', 'why; kept in the history')
    .option('--dry-run', 'say whom it would promote and what would be lost; exit code 1 when it would be refused')
    .addOption(outputOption())
    .action(async (given: string | undefined, { to, reason, force, dryRun, output, ...connection }: FailoverOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const asked = { ...(to === undefined ? {} : { to }), ...(force === undefined ? {} : { force }) }
      if (dryRun === true) {
        const preview = await client.previewFailover(cluster, asked)
        // only what is forced loses anything, and reading whole databases is not free
        const compared = force === true && preview.to !== null ? await comparedWith(client, cluster, preview.to) : null
        context.out(output === 'json' ? JSON.stringify({ ...preview, compared }, null, 2) : [...renderFailoverPreview(preview, createPaint(context.colour)), ...renderComparisons(compared)].join('\n'))
        if (preview.refusal !== null) context.setExitCode(EXIT.failed)
        return
      }
      const operation = await client.failover(cluster, { ...asked, ...(reason === undefined ? {} : { reason }) })
      reportOperation(cluster, operation, output, context)
    })
}
