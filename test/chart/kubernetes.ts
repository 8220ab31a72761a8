// The schemas that Kubernetes publishes (OpenAPI 2, all built-in kinds), made strict: a key that a kind does not have is an error.
import { readFile } from 'node:fs/promises'
import { Errors } from 'typebox/schema'
import type { Manifest } from './helm.ts'

interface Definition {
  properties?: Record<string, unknown>
  additionalProperties?: unknown
  type?: string
  format?: string
  'x-kubernetes-group-version-kind'?: ReadonlyArray<{ readonly group: string, readonly version: string, readonly kind: string }>
}

/** What is wrong with a manifest, a line each; null for a kind that Kubernetes does not have. */
export type Validate = (manifest: Manifest) => readonly string[] | null

export async function readSchemas (file: string): Promise<Validate> {
  const { definitions } = JSON.parse(await readFile(file, 'utf8')) as { definitions: Record<string, Definition> }
  const $defs = Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [name, strict(definition)]))
  const byKind = new Map(Object.entries(definitions).flatMap(([name, definition]) =>
    (definition['x-kubernetes-group-version-kind'] ?? []).map(({ group, version, kind }): [string, string] => [`${group === '' ? '' : `${group}/`}${version} ${kind}`, name])))
  return manifest => {
    // these schemas are of a time when budgets were v1beta1 only; v1 has the same keys
    const apiVersion = manifest.apiVersion === 'policy/v1' ? 'policy/v1beta1' : manifest.apiVersion
    const name = byKind.get(`${apiVersion} ${manifest.kind}`)
    if (name === undefined) return null
    const [, errors] = Errors({ $ref: `#/$defs/${name}`, $defs }, { ...manifest, apiVersion })
    return errors.map(({ instancePath, message }) => `${manifest.kind} ${manifest.metadata.name}${instancePath}: ${message}`)
  }
}

function strict (definition: unknown): unknown {
  if (Array.isArray(definition)) return definition.map(strict)
  if (typeof definition !== 'object' || definition === null) return definition
  const { format, type, ...rest } = definition as Definition
  // OpenAPI 2 has no type for what is a number or a text
  if (format === 'int-or-string') return { type: ['integer', 'string'] }
  const entries = Object.entries(rest).filter(([key]) => key !== 'description').map(([key, value]) => [key, key === '$ref' && typeof value === 'string' ? value.replace('#/definitions/', '#/$defs/') : strict(value)])
  return {
    ...Object.fromEntries(entries),
    ...(type === undefined ? {} : { type }),
    ...(rest.properties !== undefined && rest.additionalProperties === undefined ? { additionalProperties: false } : {})
  }
}
