// What a JSON schema says, in words and rows.

export interface JsonSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly patternErrorMessage?: string
}

export interface SchemaRow {
  readonly path: string
  readonly required: boolean
  readonly schema: JsonSchema
}

/** Every key under a schema, in its own order: `clusters[].timing.lease`. */
export function rowsOf (schema: JsonSchema, prefix = ''): readonly SchemaRow[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    return [{ path, required: schema.required?.includes(name) === true, schema: child }, ...rowsOf(child, path)]
  })
  return [...own, ...schema.items === undefined ? [] : rowsOf(schema.items, `${prefix}[]`), ...(schema.anyOf ?? []).flatMap(one => rowsOf(one, prefix))]
}

export function typeWords (schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(value => String(value)).join(', ')
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeWords))].join(', or ')
  if (schema.items !== undefined) return `list of ${typeWords(schema.items)}`
  if (schema.patternErrorMessage !== undefined) return schema.patternErrorMessage
  if (schema.patternProperties !== undefined) return 'map of keys to texts'
  if (schema.properties !== undefined) return 'mapping'
  return `${schema.type ?? 'anything'}${rangeWords(schema)}`
}

function rangeWords ({ minimum, maximum }: JsonSchema): string {
  if (minimum === undefined && maximum === undefined) return ''
  return ` from ${minimum ?? 'any'} to ${maximum ?? 'any'}`
}

export function defaultWords ({ default: value }: JsonSchema): string {
  return value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}
