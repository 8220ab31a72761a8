// The pages of docs/reference, each made of what the code itself goes by.
import { readFile } from 'node:fs/promises'
import { configJsonSchema } from '../../protocol/config-schema.ts'
import { agentMetrics, controllerMetrics, type KnownMetric } from '../deploy/registries.ts'
import { commandPage } from './commands.ts'
import { errorRows } from './error-codes.ts'
import { restPage } from './rest.ts'
import { defaultWords, rowsOf, typeWords, type JsonSchema } from './schema-words.ts'
import { code, table } from './table.ts'

const NOTE = 'Made by `npm run reference` from the code, which goes by the same; a test fails when it is not current.'

/** By file name in docs/reference. */
export async function referencePages (): Promise<ReadonlyMap<string, string>> {
  const page = (title: string, intro: string, body: string) => `# ${title}\n\n${intro} ${NOTE}\n\n${body.trimEnd()}\n`
  return new Map([
    ['cluster-yaml.md', page('cluster.yaml', 'Every key of the file; `[]` stands for each entry of a list. What it is all for is in the [guide](../guide/configuration.md#clusteryaml).', clusterYaml())],
    ['rest.md', page('REST', 'The interfaces of the controller, for operators, and of the agent, for controllers, voters and load balancers. Schemas of all answers are in `GET /v1/openapi.json`.', await restPage())],
    ['cli.md', page('Commands', 'What `ovsdb-ha --help` and `ovsdb-ha COMMAND --help` print.', commandPage())],
    ['metrics.md', page('Metrics', 'What `GET /metrics` tells. How they are used is in the [guide](../guide/monitoring.md#metrics) and in the [alerts](../runbooks/README.md#alerts).', `## Controller\n\n${metricTable(controllerMetrics())}\n\nAnd the usual \`process_…\` and \`nodejs_…\` metrics.\n\n## Agent\n\n${metricTable(agentMetrics())}`)],
    ['errors.md', page('Error codes', 'Every code, its HTTP status, and the next step that comes with it. What happened is told in [errors.md](../errors.md).', table(['code', 'status', 'hint'], (await errorRows()).map(({ name, status, hint }) => [`[\`${name}\`](../errors.md#${name.toLowerCase()})`, status, hint])))]
  ])
}

export async function writtenPage (file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
}

function clusterYaml (): string {
  return table(['key', 'required', 'default', 'what is allowed', 'what it is'], rowsOf(configJsonSchema() as JsonSchema).map(({ path, required, schema }) => [code(path), required ? 'yes' : '', defaultWords(schema), typeWords(schema), schema.description ?? schema.items?.description ?? '']))
}

function metricTable (metrics: readonly KnownMetric[]): string {
  return table(['metric', 'type', 'labels', 'what'], metrics.toSorted((a, b) => a.name.localeCompare(b.name, 'en')).map(({ name, type, labels, help }) => [code(name), type, labels.join(', '), help]))
}
