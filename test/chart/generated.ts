// What of the chart is made of something else: its README, its schema, and copies of files under deploy/, since a chart can
// hold only what lies in its own folder.
import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { renderReadme } from './readme.ts'
import { valuesJsonSchema } from './values-schema.ts'

export const ROOT = path.resolve(import.meta.dirname, '../..')
export const CHART = path.join(ROOT, 'helm/ovsdb-ha')

/** Every generated file by its path inside the chart. */
export async function generatedFiles (): Promise<ReadonlyMap<string, string>> {
  const read = async (file: string): Promise<string> => await readFile(path.join(CHART, file), 'utf8')
  const copies = [...await rulesOfPrometheus(), ...await dashboards()]
  return new Map([
    ['README.md', renderReadme(await read('README.template.md'), await read('values.yaml'))],
    ['values.schema.json', `${JSON.stringify(valuesJsonSchema(), null, 2)}\n`],
    ...await Promise.all(copies.map(async ([from, to]): Promise<[string, string]> => [to, await readFile(path.join(ROOT, from), 'utf8')]))
  ])
}

/** Those of the chart's files that only `generatedFiles` may put there. */
export async function copiesInChart (): Promise<readonly string[]> {
  return await Array.fromAsync(glob(['files/prometheus/*', 'files/grafana/*'], { cwd: CHART }))
}

/** Files of rules, not those of Prometheus' own configuration or of its tests. */
async function rulesOfPrometheus (): Promise<ReadonlyArray<readonly [string, string]>> {
  const found = await Array.fromAsync(glob('deploy/prometheus/*.{yaml,yml}', { cwd: ROOT }))
  const withGroups = await Promise.all(found.sort().map(async file => {
    const content: unknown = parse(await readFile(path.join(ROOT, file), 'utf8'), { logLevel: 'error' })
    return typeof content === 'object' && content !== null && 'groups' in content ? [file] : []
  }))
  return withGroups.flat().map(file => [file, `files/prometheus/${path.basename(file)}`])
}

async function dashboards (): Promise<ReadonlyArray<readonly [string, string]>> {
  const found = await Array.fromAsync(glob('deploy/grafana/*.json', { cwd: ROOT }))
  return found.sort().map(file => [file, `files/grafana/${path.basename(file)}`])
}
