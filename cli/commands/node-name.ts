import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { NAME_PATTERN } from '../../protocol/config-fields.ts'
import { FileUnusableError, UsageError } from '../cli-errors.ts'
import type { CliContext } from '../context.ts'

export interface NodeOptions {
  readonly node?: string
  readonly nodeFile?: string
}

const NODE_NAME = new RegExp(NAME_PATTERN)
const HOW = 'Give exactly one of --node NAME (or OVSDB_HA_NODE) and --node-file FILE (or OVSDB_HA_NODE_FILE).'
const HINT = 'Write this node\'s name in cluster.yaml as the first word of that file, or name another file.'

/** Which node this host is: its name, or a file that says it, for containers that are told only which host they are on. */
export function addNodeOptions (command: Command): Command {
  return command
    .option('--node <name>', 'this node\'s name in it; OVSDB_HA_NODE when absent')
    .option('--node-file <file>', 'instead: a file whose first word is that name; OVSDB_HA_NODE_FILE when absent')
}

/** An option comes before its variable. Both ways at once are refused: they could name two nodes. Rejects with UsageError or FileUnusableError. */
export async function nodeName (options: NodeOptions, environment: CliContext['environment']): Promise<string> {
  const name = options.node ?? environment.node
  const file = options.nodeFile ?? environment.nodeFile
  if (name !== undefined && file !== undefined) throw new UsageError(`It is said twice which node this is: ${name}, and in the file ${file}`, HOW)
  if (name !== undefined) return name
  if (file === undefined) throw new UsageError('It is not said which node this is', HOW)
  return firstWord(file, await readFile(file, 'utf8').catch((cause: unknown) => { throw unusable(file, cause) }))
}

function firstWord (file: string, text: string): string {
  const [word = ''] = text.trim().split(/\s+/)
  if (word === '') throw unusable(file, new Error('it is empty'))
  if (!NODE_NAME.test(word)) throw unusable(file, new Error(`its first word is no name of a node: ${JSON.stringify(word.slice(0, 40))}`))
  return word
}

function unusable (file: string, cause: unknown): FileUnusableError {
  return new FileUnusableError('file with this node\'s name', file, cause, HINT)
}
