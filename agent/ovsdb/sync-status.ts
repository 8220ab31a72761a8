// Reads what `ovsdb-server/sync-status` prints. It tells roles well and freshness badly: `replicating` stays for ever
// after the source died (FACTS R N3).

export type SyncState = 'active' | 'backup' | 'unknown'
export type Replication = 'none' | 'connecting' | 'replicating'

export interface DatabaseSync {
  /** Null: the statement holds for every database of the server, since the text names none. */
  readonly database: string | null
  readonly state: SyncState
  /** As the server names it, also when it is the placeholder. */
  readonly source: string | null
  readonly replication: Replication
}

/**
 * Understands both formats. Up to 3.2: one block, where a `database:` line after `replicating:` lists the databases whose copy
 * is complete; an entry with null then stands for all others, which are not. From 3.3: one block per database, which
 * begins with its `database:` line. A text that is neither is one entry that is unknown.
 */
export function parseSyncStatus (text: string): readonly DatabaseSync[] {
  const lines = text.split('\n').map(line => line.trim()).filter(line => line !== '')
  const blocks: string[][] = []
  const perDatabase = lines[0]?.startsWith('database: ') === true
  for (const line of lines) {
    if (blocks.length === 0 || (perDatabase && line.startsWith('database: '))) blocks.push([])
    blocks.at(-1)?.push(line)
  }
  if (blocks.length === 0) return [UNKNOWN]
  return blocks.flatMap(perDatabase ? readNamedBlock : readCommonBlock)
}

const UNKNOWN: DatabaseSync = { database: null, state: 'unknown', source: null, replication: 'none' }

function readNamedBlock (block: readonly string[]): readonly DatabaseSync[] {
  return [{ ...readBlock(block), database: valueOf(block, 'database') ?? null }]
}

function readCommonBlock (block: readonly string[]): readonly DatabaseSync[] {
  const common = readBlock(block)
  if (common.replication !== 'replicating') return [common]
  const names = (valueOf(block, 'database') ?? '').split(',').map(name => name.trim()).filter(name => name !== '')
  return [...names.map(database => ({ ...common, database })), { ...common, replication: 'connecting' as const }]
}

function readBlock (block: readonly string[]): DatabaseSync {
  if (block.some(line => !/^(database|state|connecting|replicating|exclude): ./.test(line))) return UNKNOWN
  const state = valueOf(block, 'state')
  if (state === 'active') return { ...UNKNOWN, state }
  if (state !== 'backup') return UNKNOWN
  const replicating = valueOf(block, 'replicating')
  const source = replicating ?? valueOf(block, 'connecting')
  if (source === undefined) return { ...UNKNOWN, state }
  return { database: null, state, source, replication: replicating === undefined ? 'connecting' : 'replicating' }
}

function valueOf (block: readonly string[], key: string): string | undefined {
  return block.find(line => line.startsWith(`${key}: `))?.slice(key.length + 2)
}
