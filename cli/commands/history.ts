import type { Command } from 'commander'
import type { HistoryEntry } from '../../protocol/api.ts'
import { UsageError } from '../cli-errors.ts'
import type { ControllerClient } from '../client.ts'
import type { CliContext, ConnectionOptions } from '../context.ts'
import { renderEntry, renderHistory } from '../render/history.ts'
import { createPaint } from '../render/style.ts'
import { addConnectionOptions, outputOption } from './connection-options.ts'

interface HistoryOptions extends ConnectionOptions {
  readonly cluster?: string
  readonly limit: number
  readonly before?: number
  readonly output: 'table' | 'json'
}

/** `ovsdb-ha history [ID]`: what happened, newest first; with an id that entry, and the waterfall of a failover. */
export function registerHistory (program: Command, context: CliContext): void {
  addConnectionOptions(program.command('history'))
    .argument('[id]', 'one entry, with every step of a failover', wholeNumber)
    .description('what happened, newest first')
    .option('--cluster <cluster>', 'only of this cluster')
    .option('--limit <number>', 'how many entries', wholeNumber, 20)
    .option('--before <id>', 'only entries before this one', wholeNumber)
    .addOption(outputOption())
    .action(async (id: number | undefined, { cluster, limit, before, output, ...connection }: HistoryOptions) => {
      const client = await context.client(connection)
      const paint = createPaint(context.colour)
      if (id !== undefined) {
        const entry = await client.entry(id)
        return context.out(output === 'json' ? JSON.stringify(entry, null, 2) : renderEntry(entry, paint).join('\n'))
      }
      const entries = await newest(client, cluster, { limit, ...(before === undefined ? {} : { before }) })
      context.out(output === 'json' ? JSON.stringify({ entries }, null, 2) : renderHistory(entries, paint).join('\n'))
    })
}

async function newest (client: ControllerClient, cluster: string | undefined, query: { readonly limit: number, readonly before?: number }): Promise<readonly HistoryEntry[]> {
  const names = cluster !== undefined ? [cluster] : (await client.clusters()).clusters.map(({ name }) => name)
  const pages = await Promise.all(names.map(name => client.history(name, query)))
  return pages.flat().toSorted((a, b) => b.id - a.id).slice(0, query.limit)
}

function wholeNumber (text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new UsageError(`${text} is not a whole number above 0`, 'ovsdb-ha history lists the entries with their ids.')
  return Number(text)
}
