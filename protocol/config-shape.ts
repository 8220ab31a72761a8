// One value at a time: is every key known, is every value of its type and in its range? TypeBox finds the faults; here
// they become one problem each, with what is allowed and the nearest known word.
import type { TLocalizedValidationError } from 'typebox/error'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'
import type { Path } from './config-errors.ts'
import { ConfigFileSchema } from './config-schema.ts'
import { nearestWord } from './nearest.ts'

export interface ShapeProblem {
  readonly path: Path
  readonly value: unknown
  readonly message: string
  readonly allowed?: string
  readonly nearest?: string
}

/** TypeBox stops at 8 by default; a whole file of faults is still shown. */
const FAULTS_MAX = 500

/** What this file reads of a JSON Schema. */
interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly maxLength?: number
  readonly patternErrorMessage?: string
  readonly description?: string
}

type Fault = TLocalizedValidationError

export function shapeProblems (file: unknown): readonly ShapeProblem[] {
  const faults = findFaults(file)
  const found = new Map<string, ShapeProblem>()
  for (const fault of faults) {
    if (isAboutAnotherVariant(fault, faults, file)) continue
    for (const problem of problemsOf(fault, file)) {
      const id = JSON.stringify(problem.path)
      if (!found.has(id)) found.set(id, problem)
    }
  }
  return [...found.values()]
}

function findFaults (file: unknown): readonly Fault[] {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: FAULTS_MAX })
  try {
    return Value.Errors(ConfigFileSchema, file)
  } finally {
    Settings.Set({ maxErrors })
  }
}

/** Where two variants are allowed, only the faults of the one that was meant are of use: the mapping, if it is one. */
function isAboutAnotherVariant (fault: Fault, faults: readonly Fault[], file: unknown): boolean {
  if (fault.keyword === 'anyOf') return variantMeant(schemaAt(fault.schemaPath), valueAt(file, stepsOf(fault.instancePath, file))) !== undefined
  return faults.some(outer => {
    if (outer.keyword !== 'anyOf' || !fault.schemaPath.startsWith(`${outer.schemaPath}/anyOf/`)) return false
    if (fault.instancePath !== outer.instancePath && !fault.instancePath.startsWith(`${outer.instancePath}/`)) return false
    const meant = variantMeant(schemaAt(outer.schemaPath), valueAt(file, stepsOf(outer.instancePath, file)))
    const variant = Number(fault.schemaPath.slice(`${outer.schemaPath}/anyOf/`.length).split('/')[0])
    return meant !== variant
  })
}

function variantMeant (schema: Schema, value: unknown): number | undefined {
  const index = schema.anyOf?.findIndex(variant => variant.type === typeName(value)) ?? -1
  return index === -1 ? undefined : index
}

function typeName (value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function problemsOf (fault: Fault, file: unknown): readonly ShapeProblem[] {
  const path = stepsOf(fault.instancePath, file)
  const schema = schemaAt(fault.schemaPath)
  const value = valueAt(file, path)
  if (fault.keyword === 'boolean') return [] // `additionalProperties` says the same at the parent
  if (fault.keyword === 'required') {
    return fault.params.requiredProperties.map(key => withAllowed({ path: [...path, key], value: undefined, message: 'is missing' }, schema.properties?.[key]))
  }
  if (fault.keyword === 'additionalProperties') {
    const known = Object.keys(schema.properties ?? {})
    return fault.params.additionalProperties.map(key => {
      const nearest = nearestWord(key, known)
      const problem = { path: [...path, key], value: valueAt(file, [...path, key]), message: 'unknown key', allowed: known.join(', ') }
      return nearest === undefined ? problem : { ...problem, nearest }
    })
  }
  const choices = choicesOf(schema)
  const nearest = choices !== undefined && typeof value === 'string' ? nearestWord(value, choices) : undefined
  const problem = withAllowed({ path, value, message: messageOf(fault, value) }, schema)
  return [nearest === undefined ? problem : { ...problem, nearest }]
}

function withAllowed (problem: ShapeProblem, schema: Schema | undefined): ShapeProblem {
  const allowed = schema === undefined ? undefined : allowedBy(schema)
  return allowed === undefined ? problem : { ...problem, allowed }
}

function messageOf (fault: Fault, value: unknown): string {
  if (value === null && fault.keyword !== '~refine') return 'is empty'
  switch (fault.keyword) {
    case 'type':
    case 'anyOf': return `has the wrong type (${typeName(value) === 'object' ? 'mapping' : typeName(value) === 'array' ? 'list' : typeName(value)})`
    case 'minimum': return 'is too small'
    case 'maximum': return 'is too large'
    case 'minItems': return 'is an empty list'
    case 'maxItems': return 'has too many entries'
    case 'minLength': return 'is an empty text'
    case 'maxLength': return 'is too long'
    case '~refine': return fault.message
    case 'pattern': return 'does not have the allowed form'
    default: return 'is none of the allowed values'
  }
}

function choicesOf (schema: Schema): readonly string[] | undefined {
  return schema.enum?.map(String)
}

/** What a schema allows, in words. */
function allowedBy (schema: Schema): string | undefined {
  if (schema.patternErrorMessage !== undefined) return schema.patternErrorMessage + (schema.maxLength === undefined ? '' : `, at most ${schema.maxLength} characters`)
  if (schema.anyOf !== undefined) return schema.anyOf.map(allowedBy).join('; or ')
  if (schema.const !== undefined) return String(schema.const)
  if (schema.enum !== undefined) return choicesOf(schema)?.join(', ')
  switch (schema.type) {
    case 'integer': return `a whole number from ${schema.minimum} to ${schema.maximum}`
    case 'boolean': return 'true or false'
    case 'string': return 'a text (in quotes where YAML would read a number)'
    case 'array': return `a list of ${schema.minItems ?? 0} to ${schema.maxItems} entries`
    case 'object': return `a mapping with the keys ${Object.keys(schema.properties ?? {}).join(', ')}`
    default: return undefined
  }
}

function unescaped (pointer: string): readonly string[] {
  return pointer.split('/').slice(1).map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function schemaAt (schemaPath: string): Schema {
  const found = unescaped(schemaPath).reduce<unknown>((schema, step) => (schema as Record<string, unknown> | undefined)?.[step], ConfigFileSchema)
  return (found ?? {}) as Schema
}

/** A JSON pointer as a path: steps into lists are numbers. */
function stepsOf (pointer: string, file: unknown): Path {
  let value = file
  return unescaped(pointer).map(step => {
    const key = Array.isArray(value) ? Number(step) : step
    value = valueAt(value, [key])
    return key
  })
}

function valueAt (value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step) ? (inner as Record<string | number, unknown>)[step] : undefined, value)
}
