/** What a schema validator says of one field of a request: the part of fastify's (Ajv-shaped) validation error that is told. */
export interface RequestFault {
  readonly keyword: string
  /** JSON pointer, empty for the whole. */
  readonly instancePath: string
  readonly message?: string | undefined
  readonly params: Readonly<Record<string, unknown>>
}

/**
 * Says which fields of a request are wrong, one clause each. TypeBox reports an unknown key twice, as a false schema at its path and as its
 * parent's additionalProperties: the second is kept.
 */
export function describeFaults (context: string, faults: readonly RequestFault[]): string {
  const clauses = faults.flatMap(({ keyword, instancePath, message, params }) => {
    if (keyword === 'boolean') return []
    if (keyword === 'additionalProperties' && Array.isArray(params.additionalProperties)) return params.additionalProperties.map(key => `${String(key)} is not known`)
    const field = instancePath.slice(1).replaceAll('/', '.')
    return [`${field === '' ? 'it' : field} ${message ?? 'is not valid'}`]
  })
  return `${context}: ${[...new Set(clauses)].join('; ')}`
}
