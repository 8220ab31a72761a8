import { createHash } from 'node:crypto'
import { link, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { HeardSchema, HolderTermSchema } from '../protocol/vote.ts'
import { ProposedListSchema, VoterListSchema } from '../protocol/voter-list.ts'
import type { DurableState } from './core/actions.ts'
import type { Restored } from './core/unit.ts'
import { EMPTY_RECORD } from './core/voter.ts'
import { NO_LIST } from './core/voter-list.ts'
import { replaceFile } from './ovsdb/durable-file.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

const DurableSchema = Type.Object({
  voter: Type.Object({
    term: Type.Integer({ minimum: 0 }),
    holder: Nullable(Type.String()),
    controller: Nullable(Type.String()),
    clear: Type.Boolean(),
    released: Nullable(Type.Object({ served: Type.Boolean() }, { additionalProperties: false })),
    previous: Nullable(HolderTermSchema),
    /** Absent in files of before there was one. */
    earlier: Type.Optional(Type.Array(HolderTermSchema)),
    /** Absent in files that were written before voters kept it. */
    heard: Type.Optional(Nullable(HeardSchema)),
    /** Absent in files that were written before voters stored their list: the file's list is its first generation. */
    voters: Type.Optional(VoterListSchema),
    next: Type.Optional(Nullable(ProposedListSchema))
  }, { additionalProperties: false }),
  ownRelease: Type.Object({ term: Type.Integer({ minimum: 0 }), served: Type.Boolean() }, { additionalProperties: false })
}, { additionalProperties: false })

/** Where a voter keeps its word (S1): one small file, checksummed, replaced atomically, fsynced before anything is said. */
export interface DurableFile {
  readonly path: string
  /** A missing file is a new voter; an unreadable or corrupt one is a problem in words, with the way out, and never a new voter. */
  load (): Promise<Restored>
  /** Resolves when the state is on disk and will be found after a power cut. */
  store (state: DurableState): Promise<void>
}

export function createDurableFile (directory: string, cluster: string): DurableFile {
  const path = join(directory, cluster, 'voter.json')
  let damaged = false

  async function load (): Promise<Restored> {
    const restored = await read()
    damaged = 'problem' in restored
    return restored
  }

  async function read (): Promise<Restored> {
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      if (isMissing(error)) return { voter: EMPTY_RECORD, ownRelease: { term: 0, served: false } }
      return { problem: `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}; repair the disk, then restart the agent` }
    }
    return parse(text) ?? {
      problem: `${path} is corrupt (checksum or content); this node does not vote. Way out: stop this agent and wait twice the lease; if another node still serves then, delete the file and start the agent. If none does, delete nothing: start it, and bring the other voters back. If too few are left: ovsdb-ha quorum force`
    }
  }

  async function store (state: DurableState): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const body = JSON.stringify(state)
    if (damaged) await keepDamaged()
    await replaceFile(path, `${JSON.stringify({ checksum: checksum(body), state })}\n`)
  }

  /** Only an operator's order makes a node store over a file that it could not read: what is left of it stays to be looked at. */
  async function keepDamaged (): Promise<void> {
    // a second name, never a rename: without the file this node would start as a new voter
    await rm(`${path}.damaged`, { force: true })
    await link(path, `${path}.damaged`)
    damaged = false
  }

  return { path, load, store }
}

function parse (text: string): DurableState | null {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    return null // the caller reports the file as corrupt
  }
  if (typeof content !== 'object' || content === null || !('state' in content) || !('checksum' in content)) return null
  if (content.checksum !== checksum(JSON.stringify(content.state))) return null
  if (!Value.Check(DurableSchema, content.state)) return null
  const { voter, ownRelease } = content.state
  return { voter: { ...voter, heard: voter.heard ?? null, voters: voter.voters ?? NO_LIST, next: voter.next ?? null }, ownRelease }
}

function checksum (body: string): string {
  return createHash('sha256').update(body).digest('hex')
}

function isMissing (error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
