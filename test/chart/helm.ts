// Helm itself, as `deploy/bootstrap.sh --with-helm` builds it, on the chart of this tree.
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { parseAllDocuments } from 'yaml'
import { CHART } from './generated.ts'

/** deploy/bootstrap.sh names the same version. */
const HELM = process.env.OVSDB_HA_HELM ?? '/var/cache/ovsdb-ha/helm-v3.19.5'
/** Helm itself takes what it was linked with for the cluster's, which is nothing where Go alone built it. */
const KUBERNETES = ['--kube-version', 'v1.34.0']
const DEADLINE_MS = 60_000
export const RELEASE = 'ha'
export const NAMESPACE = 'net'

export const KUBERNETES_SCHEMAS = path.join(HELM, 'kubernetes.json')

/** False where Helm is here, or must be; else why the tests are left out. */
export const skipWithoutHelm: string | false = existsSync(path.join(HELM, 'helm')) || process.env.OVSDB_HA_CHART_TESTS === 'required'
  ? false
  : `no helm in ${HELM}: deploy/bootstrap.sh --with-helm builds it`

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string, readonly labels: Record<string, string>, readonly annotations?: Record<string, string> }
  // what tests look at differs from kind to kind; the schemas of Kubernetes say whether it is right
  readonly [key: string]: any
}

/** Values as `a.b=JSON`, put over those of a file. */
export type Overrides = Record<string, unknown>

export async function valuesFiles (): Promise<readonly string[]> {
  return (await readdir(path.join(CHART, 'ci'))).filter(name => name.endsWith('-values.yaml')).sort()
}

function valuesArguments (file: string | null, overrides: Overrides): readonly string[] {
  return [...(file === null ? [] : ['--values', path.join(CHART, 'ci', file)]), ...Object.entries(overrides).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`])]
}

async function helm (args: readonly string[]): Promise<{ readonly failed: boolean, readonly out: string, readonly err: string }> {
  const result = await execa(path.join(HELM, 'helm'), args, { stdin: 'ignore', timeout: DEADLINE_MS, reject: false })
  if (result.exitCode === undefined) throw new Error(`helm ${args.join(' ')} did not end by itself`, { cause: result })
  return { failed: result.failed, out: result.stdout, err: result.stderr }
}

const rendered = new Map<string, Promise<readonly Manifest[]>>()

/** The manifests of a file of ci/, in the order of the templates; rendered once for each set of values. */
export async function render (file: string, overrides: Overrides = {}): Promise<readonly Manifest[]> {
  const key = JSON.stringify([file, overrides])
  const manifests = rendered.get(key) ?? renderNew(file, overrides)
  rendered.set(key, manifests)
  return await manifests
}

async function renderNew (file: string, overrides: Overrides): Promise<readonly Manifest[]> {
  const { failed, out, err } = await helm(['template', RELEASE, CHART, '--namespace', NAMESPACE, ...KUBERNETES, ...valuesArguments(file, overrides)])
  if (failed) throw new Error(`helm template with ${file}: ${err}`)
  return parseAllDocuments(out, { version: '1.1' }).flatMap(document => {
    if (document.errors.length > 0) throw new Error(`helm template with ${file} printed no YAML`, { cause: document.errors[0] })
    const content = document.toJS() as Manifest | null
    return content === null ? [] : [content]
  })
}

/** Why the values are refused; null when they are not. */
export async function refusal (file: string | null, overrides: Overrides = {}): Promise<string | null> {
  const { failed, err } = await helm(['template', RELEASE, CHART, '--namespace', NAMESPACE, ...KUBERNETES, ...valuesArguments(file, overrides)])
  return failed ? err : null
}

/** What `helm lint --strict` finds; null when nothing. */
export async function lint (file: string | null): Promise<string | null> {
  const { failed, out, err } = await helm(['lint', '--strict', CHART, ...KUBERNETES, ...valuesArguments(file, {})])
  return failed ? `${out}\n${err}` : null
}

/** The one manifest of that kind whose name ends so. */
export function one (manifests: readonly Manifest[], kind: string, end = ''): Manifest {
  const found = manifests.filter(manifest => manifest.kind === kind && manifest.metadata.name.endsWith(end))
  const [first] = found
  if (first === undefined || found.length > 1) throw new Error(`${found.length} of kind ${kind} end in "${end}": ${manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')}`)
  return first
}
