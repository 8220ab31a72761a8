// What a planned restart would meet and bring, from what each node says of its programs and schemas.
import type { ClusterView } from '../../protocol/api.ts'
import { schemaDifferences, schemaDigest, type DatabaseSchema } from '../../protocol/database-schema.ts'
import type { DatabaseCheck, NodeCheck, UpgradeCheck } from '../../protocol/upgrade.ts'
import type { NodeVersions } from '../../protocol/versions.ts'
import { stepsOf } from './upgrade-plan.ts'

/** What a node answered, or why it did not. */
export type NodeAnswer = { readonly node: string, readonly versions: NodeVersions } | { readonly node: string, readonly problem: string }

const DIFFERENCES_MAX = 20

/** `refusals`: why it may not begin as the cluster is now. */
export function checkUpgrade (view: ClusterView, answers: readonly NodeAnswer[], refusals: UpgradeCheck['refusals']): UpgradeCheck {
  const nodes = answers.map(answer => nodeCheck(view, answer))
  const mismatches = findMismatches(answers)
  return { nodes, mismatches, steps: [...stepsOf(view, null, null)], refusals: [...refusals, ...deaf(nodes), ...mismatches.map(refusalOf)], notes: [...notesOf(nodes)] }
}

function nodeCheck ({ active }: ClusterView, answer: NodeAnswer): NodeCheck {
  const common = { node: answer.node, active: answer.node === active }
  if ('problem' in answer) return { ...common, problem: answer.problem, servers: [] }
  return {
    ...common,
    problem: null,
    servers: answer.versions.servers.map(({ databases, ...server }) => ({
      ...server,
      databases: databases.map(({ database, schema, file }): DatabaseCheck => ({
        database,
        ...described(schema),
        file: file === null ? null : { path: file.path, problem: file.problem, ...(file.schema === null ? { version: null, checksum: null, digest: null } : described(file.schema)) }
      }))
    }))
  }
}

function described (schema: DatabaseSchema) {
  return { version: schema.version ?? null, checksum: schema.cksum ?? null, digest: schemaDigest(schema) }
}

/** Each copy follows each in the course of a restart: every pair has to fit. */
function findMismatches (answers: readonly NodeAnswer[]): UpgradeCheck['mismatches'] {
  const copies = answers.flatMap(answer => 'problem' in answer ? [] : answer.versions.servers.flatMap(({ server, databases }) => databases.map(({ database, schema }) => ({ node: answer.node, key: `${server}/${database}`, database, schema }))))
  return copies.flatMap(from => copies.filter(to => to.key === from.key && to.node !== from.node).flatMap(to => {
    const differences = schemaDifferences(from.schema, to.schema)
    return differences.length === 0 ? [] : [{ database: from.database, from: from.node, to: to.node, differences: differences.slice(0, DIFFERENCES_MAX) }]
  }))
}

function deaf (nodes: readonly NodeCheck[]): UpgradeCheck['refusals'] {
  return nodes.flatMap(({ node, problem }) => problem === null ? [] : [{ why: `${node} was not heard: ${problem}`, help: `See that the agent of ${node} runs and can be reached.` }])
}

function refusalOf ({ database, from, to, differences }: UpgradeCheck['mismatches'][number]): UpgradeCheck['refusals'][number] {
  return {
    why: `${to} could not follow ${from} in ${database}: ${differences[0] ?? ''}${differences.length > 1 ? ` and ${differences.length - 1} more` : ''}`,
    help: `Give ${database} one schema on all nodes first: see the runbook "schemas differ".`
  }
}

function notesOf (nodes: readonly NodeCheck[]): readonly string[] {
  const notes: string[] = []
  for (const { node, servers } of nodes) {
    for (const { server, version, installed, problem, databases } of servers) {
      if (problem !== null) notes.push(`${server} of ${node}: ${problem}`)
      if (installed !== null && version !== null && installed !== version) notes.push(`a restart makes ${server} of ${node} ${installed}; ${version} runs`)
      for (const { database, digest, version: schemaVersion, file } of databases) {
        if (file !== null && file.problem !== null) notes.push(`the schema file ${file.path} of ${node} cannot be read: ${file.problem}`)
        if (file !== null && file.digest !== null && file.digest !== digest) notes.push(`${database} of ${node} has schema ${schemaVersion ?? 'of unknown version'}, and ${file.path} there is ${file.version ?? 'of unknown version'}: a restart does not convert a database`)
      }
    }
  }
  return notes
}
