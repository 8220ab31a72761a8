import { Option, type Command } from 'commander'
import { UsageError } from '../cli-errors.ts'
import type { ControllerClient } from '../client.ts'

/** The options that every command which talks to a controller takes. */
export function addConnectionOptions (command: Command): Command {
  return command
    .option('--server <urls>', 'the controller; several with commas between, of which the one that leads gets the orders (OVSDB_HA_SERVER; else http://127.0.0.1:8640)')
    .option('--token-file <file>', 'the file that holds the token (OVSDB_HA_TOKEN_FILE)')
    .option('--ca-file <file>', 'the authority of the controller\'s certificate (OVSDB_HA_CA_FILE)')
}

export const OUTPUTS = ['table', 'json'] as const

export function outputOption (): Option {
  return new Option('-o, --output <form>', 'how to print').choices(OUTPUTS).default('table')
}

/** The cluster that is meant when only one exists. */
export async function clusterNameOr (given: string | undefined, client: ControllerClient): Promise<string> {
  if (given !== undefined) return given
  const names = (await client.clusters()).clusters.map(cluster => cluster.name)
  const [only, ...others] = names
  if (only === undefined) throw new UsageError('This controller has no cluster', 'Check controller --config: its cluster.yaml names none.')
  if (others.length > 0) throw new UsageError('Say which cluster', `This controller has: ${names.join(', ')}.`)
  return only
}
