import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { PositionSchema } from '../../protocol/position.ts'
import { CopyStateError } from './server-errors.ts'
import { replaceFile } from './durable-file.ts'
import type { ProcessHandle } from '../process-handle.ts'

const ProcessSchema = Type.Object({ pid: Type.Integer(), startTicks: Type.String(), kernelBootId: Type.String() }, { additionalProperties: false })

/** What is known about the copy in one server's database file; survives crashes of server, agent and node (S6). */
export const CopyStateSchema = Type.Object({
  version: Type.Literal(1),
  complete: Type.Boolean(),
  /** Why it is not complete. */
  reason: Type.Union([Type.String(), Type.Null()]),
  /** The source it was last pointed at, null when none but the placeholder. */
  following: Type.Union([Type.String(), Type.Null()]),
  /** The user database held rows when this was written. */
  hadRows: Type.Boolean(),
  position: Type.Union([PositionSchema, Type.Null()]),
  /** There are newer heartbeats, and the users' rows are known to be there only as far as this one; absent without such a doubt. */
  rowsUpTo: Type.Optional(Type.Union([PositionSchema, Type.Null()])),
  /** We promoted the process named below, and did not demote it. */
  promoted: Type.Boolean(),
  /** The process whose file this is about; only a meeting changes it, so that no restart goes unnoticed. */
  process: Type.Union([ProcessSchema, Type.Null()])
}, { additionalProperties: false })
export type CopyState = Static<typeof CopyStateSchema>

/** A process by which states of different boots of the kernel cannot be confused. */
export interface BootProcess extends ProcessHandle {
  readonly kernelBootId: string
}

export const NEW_COPY: CopyState = { version: 1, complete: true, reason: null, following: null, hadRows: false, position: null, promoted: false, process: null }

/** Before the source is connected: from here on a crash leaves an incomplete copy (FACTS R N1). */
export function copyBegins (state: CopyState, source: string): CopyState {
  return { ...state, complete: false, reason: resyncReason(source), following: source, promoted: false }
}

export function copyEnds (state: CopyState, facts: Pick<CopyState, 'hadRows' | 'position'>): CopyState {
  return { ...state, ...facts, complete: true, reason: null }
}

export function copyLost (state: CopyState, reason: string): CopyState {
  return { ...state, complete: false, reason }
}

/** A promotion says nothing about the copy, so completeness stays as it was. */
export function copyPromoted (state: CopyState, facts: Pick<CopyState, 'position'>): CopyState {
  return { ...state, ...facts, following: null, promoted: true }
}

export function copyDemoted (state: CopyState): CopyState {
  return { ...state, promoted: false }
}

/**
 * What a process that we did not know tells about its file: a resync that its predecessor did not finish, and an
 * emptied file (the reset of a resync is a commit of its own), make the copy incomplete.
 */
export function copyAfterRestart (state: CopyState, hasRows: boolean, process: BootProcess | null): CopyState {
  const next = { ...state, promoted: false, process }
  if (inResync(state)) return copyLost(next, `interrupted resync from ${state.following}`)
  if (state.complete && state.hadRows && !hasRows) return copyLost(next, 'empty copy: it held rows before the server ended')
  return next
}

/**
 * A server only appends to its file while it runs, and compacts it only then: one that is shorter when the next process
 * has opened it was cut short or replaced in between. Null when nothing is known of before.
 */
export function whyShrunken (beforeBytes: number | null, nowBytes: number): string | null {
  return beforeBytes === null || nowBytes >= beforeBytes ? null : `shrunken copy: its file has ${nowBytes} bytes, and had ${beforeBytes} before the server ended`
}

/** A copy was begun, and nothing else is wrong with what it will leave. */
export function inResync (state: CopyState): boolean {
  return !state.complete && state.following !== null && state.reason === resyncReason(state.following)
}

function resyncReason (source: string): string {
  return `resync from ${source} is not finished`
}

export function sameProcess (a: BootProcess | null, b: BootProcess | null): boolean {
  return a !== null && b !== null && a.pid === b.pid && a.startTicks === b.startTicks && a.kernelBootId === b.kernelBootId
}

/** The file of one server. `update` changes memory at once and resolves when the change is on disk; writes keep their order. */
export interface CopyStateFile {
  /** A new copy before `load`. */
  current (): CopyState
  /** Reads the file. A missing one is a new copy; an unreadable or garbled one is an incomplete copy, said in `problem`. */
  load (): Promise<{ readonly known: boolean, readonly problem: string | null }>
  update (change: (state: CopyState) => CopyState): Promise<void>
  /** Resolves when nothing is left to write; rejects when the last write failed. */
  flush (): Promise<void>
}

export function createCopyStateFile (path: string, server: string): CopyStateFile {
  let state: CopyState = NEW_COPY
  let onDisk = ''
  let writing: Promise<void> = Promise.resolve()

  async function write (): Promise<void> {
    const text = JSON.stringify(state) + '\n'
    if (text === onDisk) return
    try {
      await mkdir(dirname(path), { recursive: true })
      await replaceFile(path, text)
      onDisk = text
    } catch (cause) {
      throw new CopyStateError(server, `${path}: ${(cause as Error).message}`, { cause })
    }
  }

  return {
    current: () => state,
    async load () {
      const found = await readCopyState(path)
      state = found.state
      return { known: found.known, problem: found.problem }
    },
    update (change) {
      state = change(state)
      // a failed write is answered to its own caller; the next one writes the whole state again
      writing = writing.then(write, write)
      return writing
    },
    flush: () => writing
  }
}

async function readCopyState (path: string): Promise<{ readonly state: CopyState, readonly known: boolean, readonly problem: string | null }> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: NEW_COPY, known: false, problem: null }
    return unreadable(`${path}: ${(error as Error).message}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return unreadable(`${path} is garbled: ${(error as Error).message}`)
  }
  return Value.Check(CopyStateSchema, value) ? { state: value, known: true, problem: null } : unreadable(`${path} is not a copy state`)
}

function unreadable (problem: string): { readonly state: CopyState, readonly known: boolean, readonly problem: string } {
  return { state: copyLost(NEW_COPY, `unknown: ${problem}`), known: false, problem }
}
