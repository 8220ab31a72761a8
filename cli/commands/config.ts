import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { formatProblem } from '../../protocol/config-errors.ts'
import { configJsonSchema } from '../../protocol/config-schema.ts'
import { parseConfig } from '../../protocol/config.ts'
import { EXIT, type CliContext } from '../context.ts'

type Io = Pick<CliContext, 'out' | 'err' | 'setExitCode'>

/** `ovsdb-ha config check FILE` and `ovsdb-ha config schema`: need no controller. */
export function registerConfig (program: Command, io: Io): void {
  const config = program.command('config').description('check cluster.yaml, or print its JSON Schema for editors')
  config.command('check')
    .argument('<file>', 'the cluster.yaml to check')
    .description('print every problem of the file: where it is, what is written, what is allowed; exit 0 when sound, 1 with problems, 2 when it cannot be read')
    .action(async (file: string) => await check(file, io))
  config.command('schema')
    .description('print the JSON Schema (draft 2020-12) of cluster.yaml')
    .action(() => io.out(JSON.stringify(configJsonSchema(), null, 2)))
}

async function check (file: string, { out, err, setExitCode }: Io): Promise<void> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    err(`${file}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
    setExitCode(EXIT.usage)
    return
  }
  const { config, problems = [], warnings } = parseConfig(text, file)
  for (const problem of problems) err(formatProblem(problem))
  for (const warning of warnings) err(`warning: ${formatProblem(warning)}`)
  if (config === undefined) {
    err(`${file}: ${counted(problems.length, 'problem')}${warnings.length === 0 ? '' : `, ${counted(warnings.length, 'warning')}`}`)
    setExitCode(EXIT.failed)
    return
  }
  const clusters = config.clusters.map(cluster => cluster.name).join(', ')
  out(`${file}: sound: ${counted(config.nodes.length, 'node')}, ${counted(config.clusters.length, 'cluster')} (${clusters})${warnings.length === 0 ? '' : `, ${counted(warnings.length, 'warning')}`}`)
}

function counted (count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
