// The form of the images' bill of materials: the part of CycloneDX 1.5 that ours uses, and nothing beyond it.
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

const strict = { additionalProperties: false } as const

/** Those of our packages, of which SPDX knows each; one more is added by whoever looked it up there. */
const LICENCE_IDS = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'].map(id => Type.Literal(id))

const Component = Type.Object({
  'bom-ref': Type.String({ minLength: 1 }),
  type: Type.Union([Type.Literal('application'), Type.Literal('library')]),
  name: Type.String({ minLength: 1 }),
  version: Type.String({ minLength: 1 }),
  licenses: Type.Optional(Type.Array(Type.Union([
    Type.Object({ license: Type.Object({ id: Type.Union(LICENCE_IDS) }, strict) }, strict),
    Type.Object({ license: Type.Object({ name: Type.String({ minLength: 1 }) }, strict) }, strict),
    Type.Object({ expression: Type.String({ pattern: '^\\(?[A-Za-z0-9.-]+( (OR|AND|WITH) [A-Za-z0-9.-]+)+\\)?$' }) }, strict)
  ]), { minItems: 1, maxItems: 1 })),
  cpe: Type.Optional(Type.String({ pattern: '^cpe:2\\.3:a(:[^:]+){10}$' })),
  purl: Type.String({ pattern: '^pkg:(npm/(%40[^/@]+/)?[^/@]+@[^@?]+|deb/(debian|ubuntu)/[^/@]+@[^@?]+\\?arch=[a-z0-9]+&distro=(debian|ubuntu)-[0-9.]+|generic/node@[0-9.]+)$' })
}, strict)

const Sbom = Type.Object({
  bomFormat: Type.Literal('CycloneDX'),
  specVersion: Type.Literal('1.5'),
  version: Type.Literal(1),
  metadata: Type.Object({ component: Type.Object({ type: Type.Literal('container'), 'bom-ref': Type.String(), name: Type.String(), version: Type.String() }, strict) }, strict),
  components: Type.Array(Component, { minItems: 1 })
}, strict)

const compiled = Compile(Sbom)

/** Throws where the form is broken, with the first places. */
export function parseSbom (text: string): Static<typeof Sbom> {
  const value: unknown = JSON.parse(text)
  if (!compiled.Check(value)) throw new TypeError(compiled.Errors(value).slice(0, 3).map(({ instancePath, message }) => `${instancePath} ${message}`).join('; '))
  const refs = [value.metadata.component, ...value.components].map(component => component['bom-ref'])
  const twice = refs.find((ref, index) => refs.indexOf(ref) !== index)
  if (twice !== undefined) throw new TypeError(`bom-ref ${twice} is there twice`)
  return value
}

/** `name@version` of the components of one kind of package, sorted. */
export function packagesIn ({ components }: Static<typeof Sbom>, kind: 'npm' | 'deb' | 'generic'): readonly string[] {
  return components.filter(({ purl }) => purl.startsWith(`pkg:${kind}/`)).map(({ name, version }) => `${name}@${version}`).toSorted()
}
