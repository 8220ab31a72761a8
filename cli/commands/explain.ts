import type { Command } from 'commander'
import { UsageError } from '../cli-errors.ts'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { renderExplanation } from '../render/explain.ts'
import { createPaint } from '../render/style.ts'
import { addConnectionOptions, clusterNameOr, outputOption } from './connection-options.ts'

interface ExplainOptions extends ConnectionOptions {
  readonly at?: number
  readonly output: 'table' | 'json'
}

/** `ovsdb-ha explain [CLUSTER]`: what a decision rests on, and the rule that made it; now or long ago. */
export function registerExplain (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('explain'))
    .argument('[cluster]', 'may be left out when there is only one')
    .description('why the controller does what it does: inputs, candidates, the rule')
    .option('--at <id>', 'of this history entry (a change of the active, a hold) instead of now', entryId)
    .addOption(outputOption())
    .action(async (given: string | undefined, { at, output, ...connection }: ExplainOptions) => {
      const client = await context.client(connection)
      const cluster = await clusterNameOr(given, client)
      const reply = await client.explain(cluster, at)
      context.out(output === 'json' ? JSON.stringify(reply, null, 2) : renderExplanation(reply, createPaint(context.colour)).join('\n'))
    })
}

function entryId (text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new UsageError(`${text} is not the id of a history entry`, 'ovsdb-ha history lists the entries with their ids.')
  return Number(text)
}
