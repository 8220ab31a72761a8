// Whether every database can be converted to the schema files of the nodes while clients are served: backups first, which
// then follow an active with the schema of before.
import { schemaDifferences, schemaDigest, type DatabaseSchema } from '../../protocol/database-schema.ts'
import type { UpgradeCheck } from '../../protocol/upgrade.ts'
import type { NodeAnswer } from './upgrade-check.ts'

type Refusals = UpgradeCheck['refusals']
interface Copy { readonly node: string, readonly server: string, readonly database: string, readonly schema: DatabaseSchema, readonly file: { readonly path: string, readonly schema: DatabaseSchema | null, readonly problem: string | null } }

/** Server -> digest of the schema that all nodes have for it, where any database has another one; or why not. */
export function planConversion (answers: readonly NodeAnswer[], active: string | null, cutOver: boolean): { readonly convert: Readonly<Record<string, string>>, readonly refusals: Refusals } {
  const refusals: Array<Refusals[number]> = answers.flatMap(answer => 'problem' in answer ? [{ why: `${answer.node} was not heard: ${answer.problem}`, help: `See that the agent of ${answer.node} runs and can be reached.` }] : [])
  const copies = answers.flatMap(copiesOf)
  const convert: Record<string, string> = {}
  const misfitting: Array<Refusals[number]> = []
  for (const server of new Set(copies.map(copy => copy.server))) {
    const mine = copies.filter(copy => copy.server === server)
    const target = targetOf(mine)
    if (!('schema' in target)) {
      refusals.push(target)
      continue
    }
    const digest = schemaDigest(target.schema)
    if (mine.every(({ schema }) => schemaDigest(schema) === digest)) continue
    convert[server] = digest
    misfitting.push(...misfits(mine, target.schema, active))
  }
  if (!cutOver) refusals.push(...misfitting)
  else if (refusals.length === 0 && Object.keys(convert).length > 0 && misfitting.length === 0) refusals.push({ why: 'the new schemas can follow the old ones', help: 'No outage is needed: "ovsdb-ha upgrade run --convert".' })
  if (refusals.length === 0 && Object.keys(convert).length === 0) refusals.push({ why: 'every database has the schema of its file already', help: 'Nothing to convert; "ovsdb-ha upgrade check" shows both.' })
  return { convert, refusals }
}

function copiesOf (answer: NodeAnswer): readonly Copy[] {
  if ('problem' in answer) return []
  return answer.versions.servers.flatMap(({ server, databases }) => databases.flatMap(({ database, schema, file }) => file === null ? [] : [{ node: answer.node, server, database, schema, file }]))
}

/** The one schema that the files of all nodes hold. */
function targetOf (copies: readonly Copy[]): { readonly schema: DatabaseSchema } | Refusals[number] {
  const digests = new Set<string>()
  let schema: DatabaseSchema | null = null
  for (const { node, database, file } of copies) {
    if (file.schema === null) return { why: `the schema file ${file.path} of ${node} cannot be read: ${file.problem ?? 'it is not there'}`, help: 'Install it on every data node.' }
    if (file.schema.name !== database) return { why: `${file.path} of ${node} is the schema of ${file.schema.name}, and not of ${database}`, help: 'See clusters[].servers[].schema in cluster.yaml.' }
    schema = file.schema
    digests.add(schemaDigest(schema))
  }
  if (schema === null) return { why: 'no database was seen', help: 'See "ovsdb-ha status".' }
  if (digests.size > 1) return { why: `the schema files of ${copies.map(({ node }) => node).join(', ')} differ (${copies[0]?.file.path ?? ''})`, help: 'Install the same one on every data node.' }
  return { schema }
}

/** A converted backup follows an active that is not, until it takes over. */
function misfits (copies: readonly Copy[], target: DatabaseSchema, active: string | null): Refusals {
  const serving = copies.find(copy => copy.node === active)
  const differences = serving === undefined ? [] : schemaDifferences(serving.schema, target)
  const [first] = differences
  if (first === undefined) return []
  return [{
    why: `a backup with the new schema of ${serving?.database ?? ''} could not follow ${active ?? 'the active'}: ${first}${differences.length > 1 ? ` and ${differences.length - 1} more` : ''}`,
    help: 'The two schemas cannot replicate into each other: this needs a cut-over, in which no backup can take over for a while: "ovsdb-ha upgrade run --cut-over" tells what it costs.'
  }]
}
