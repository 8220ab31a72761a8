import { readFile, stat } from 'node:fs/promises'
import type { ServerConfig } from '../../protocol/cluster.ts'
import type { Position } from '../../protocol/position.ts'
import type { ServerHappening } from '../server.ts'
import type { BelievedPosition } from './believed-position.ts'
import {
  copyAfterRestart, copyBegins, copyDemoted, copyEnds, copyLost, copyPromoted, inResync, sameProcess, whyShrunken,
  type BootProcess, type CopyState, type CopyStateFile
} from './copy-state.ts'
import type { Database } from './database.ts'
import { scanForLostRecords } from './log-scan.ts'
import type { ProcessHandle } from '../process-handle.ts'
import type { RoleObservation } from './role-control.ts'
import { isPartlyActive } from './role-observation.ts'

/** How often the user database is asked at most whether it holds rows. */
const ROWS_EVERY_MS = 10_000

/** Follows what happens to one server's copy and keeps its state on disk: whether it may be chosen and copied from (S6). */
export interface CopyTracker {
  state (): CopyState
  /** We promoted this very process in that term, and did not demote it since. */
  wasPromoted (term: number, process: ProcessHandle | null): boolean
  hasRows (): boolean
  /** Asks the server now. */
  lookForRows (): Promise<boolean>
  /** Reads the state file; once, before anything else. */
  load (): Promise<void>
  /** A process that answers: a known one changes nothing, a new one is judged by its predecessor's state, its rows, its file's size and its log. */
  meet (process: ProcessHandle | null, started: { readonly logOffset: number } | null, role: RoleObservation | null): Promise<void>
  /** Before a source is connected; resolves when it is on disk. */
  begins (source: string): Promise<void>
  /** Replication of every database was seen complete. */
  ends (position: Position | null): Promise<void>
  /** Before the promotion; it is on disk a little later. */
  promoted (position: Position): void
  demoted (): void
  lost (reason: string): Promise<void>
  /** We wrote the file anew while no server had it open, with every row: a conversion leaves it shorter, and nothing is missing. */
  rewritten (): Promise<void>
  /** Draws conclusions from a settled observation: a finished resync, a server that promoted itself, rows that came or went. */
  observed (role: RoleObservation, process: ProcessHandle | null, position: Position | null): Promise<void>
  flush (): Promise<void>
}

export interface CopyTrackerOptions {
  readonly server: ServerConfig
  readonly file: CopyStateFile
  readonly database: Database
  readonly believed: BelievedPosition
  readonly onHappening: ServerHappening
}

export function createCopyTracker ({ server, file, database, believed, onHappening }: CopyTrackerOptions): CopyTracker {
  const rows = createRowsWatch(server, database)
  const size = createSizeWatch(server.databaseFile)
  const tellSelfPromotion = createSelfPromotionTeller(server.name, onHappening)
  let unknownBefore = false
  let kernelBootId = ''

  const boot = (process: ProcessHandle | null): BootProcess | null => process === null ? null : { ...process, kernelBootId }
  const tell = (reason: string): void => onHappening('copyIncomplete', `${server.name}: ${reason}`, { server: server.name, reason })

  /** What can wait for the disk: memory has it at once, and a failure is told instead of lost. */
  function later (change: (state: CopyState) => CopyState): void {
    file.update(change).catch((error: Error) => onHappening('copyStateNotStored', error.message, { server: server.name }))
  }

  async function lost (reason: string | null): Promise<void> {
    if (reason === null || file.current().reason === reason) return
    tell(reason)
    await file.update(state => copyLost(state, reason))
  }

  async function load (): Promise<void> {
    kernelBootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    const { known, problem } = await file.load()
    unknownBefore = !known && problem === null
    if (problem !== null) tell(problem)
  }

  async function meet (process: ProcessHandle | null, started: { readonly logOffset: number } | null, role: RoleObservation | null): Promise<void> {
    const seen = boot(process)
    const known = !unknownBefore && isSame(file.current().process, seen)
    if (!known || rows.ageMs() === Infinity) await rows.look()
    if (known) return await size.look()
    const { reason: before } = file.current()
    await file.update(state => unknownBefore ? firstState(state, rows.has(), role, seen) : { ...copyAfterRestart(state, rows.has(), seen), hadRows: rows.has() })
    unknownBefore = false
    const { reason } = file.current()
    if (reason !== before && reason !== null) tell(reason)
    await lost(await whyCut(server, started?.logOffset ?? null) ?? (reason === null ? await size.whyShrunken() : null))
  }

  async function ends (position: Position | null): Promise<void> {
    await rows.look()
    believed.forget()
    await file.update(state => copyEnds(state, { hadRows: rows.has(), position }))
  }

  /** Only a settled observation comes here (RoleChanges.epoch). */
  async function observed (role: RoleObservation, process: ProcessHandle | null, position: Position | null): Promise<void> {
    const state = file.current()
    const ours = isSame(state.process, boot(process))
    const selfPromoted = isPartlyActive(role) && !(state.promoted && ours)
    tellSelfPromotion(selfPromoted)
    // what was active and has followed nobody since holds what it held: no replication was there to break (FACTS R 1)
    if (selfPromoted) return state.following === null ? undefined : await lost(SELF_PROMOTED)
    const finished = role.role === 'backup' && role.replication === 'replicating' && ours && inResync(state) && role.source === state.following
    if (finished) return await ends(position)
    if (rows.ageMs() >= ROWS_EVERY_MS) await rows.look()
    if (state.complete && ours && state.hadRows !== rows.has()) later(now => ({ ...now, hadRows: rows.has() }))
  }

  return {
    state: () => file.current(),
    wasPromoted: (term, process) => file.current().promoted && file.current().position?.term === term && isSame(file.current().process, boot(process)),
    begins: source => file.update(state => copyBegins(state, source)),
    promoted: position => later(state => copyPromoted(state, { position })),
    demoted: () => later(copyDemoted),
    ...{ load, meet, ends, lost, rewritten: size.look, observed, hasRows: rows.has, lookForRows: rows.look },
    flush: () => file.flush()
  }
}

function createRowsWatch (server: ServerConfig, database: Database) {
  let rows = false
  let lookedAtMs = -Infinity
  return {
    has: () => rows,
    ageMs: () => performance.now() - lookedAtMs,
    async look (): Promise<boolean> {
      rows = await database.hasRows(server.database)
      lookedAtMs = performance.now()
      return rows
    }
  }
}

/** Told when it begins, and not again for as long as it lasts. */
function createSelfPromotionTeller (server: string, onHappening: ServerHappening): (now: boolean) => void {
  let before = false
  return now => {
    if (now && !before) onHappening('selfPromoted', `${server} turned active by itself`, { server })
    before = now
  }
}

/** The file as it was at the last look at a process that is known. */
function createSizeWatch (file: string) {
  const now = (): Promise<number> => stat(file).then(({ size }) => size, () => 0)
  let bytes: number | null = null
  return {
    look: async (): Promise<void> => { bytes = await now() },
    whyShrunken: async (): Promise<string | null> => whyShrunken(bytes, await now())
  }
}

/** In the words of the server that started. */
async function whyCut ({ logFile, databaseFile }: ServerConfig, logOffset: number | null): Promise<string | null> {
  const broken = await scanForLostRecords(logFile, logOffset, databaseFile)
  return broken === null ? null : `records lost at start: ${broken.words}`
}

const SELF_PROMOTED = 'it turned active by itself (a replication error), and has not followed since'

/** A process that cannot be told (no pid file, another pid namespace) is taken for the one it was before. */
function isSame (a: BootProcess | null, b: BootProcess | null): boolean {
  return (a === null && b === null) || sameProcess(a, b)
}

/** Nothing was written down before: an existing database is taken as it is, unless it is just being overwritten. */
function firstState (state: CopyState, hadRows: boolean, role: RoleObservation | null, process: BootProcess | null): CopyState {
  const taken = { ...state, hadRows, process, promoted: role?.role === 'active' }
  if (role?.role !== 'backup' || role.source === null || role.replication === 'replicating') return taken
  return copyBegins(taken, role.source)
}
