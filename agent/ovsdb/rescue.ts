import { mkdir, stat } from 'node:fs/promises'
import type { RescueConfig } from '../../protocol/cluster.ts'
import type { Report } from '../../protocol/report.ts'
import { findingInWords, type RescueNote } from '../../protocol/rescue.ts'
import type { ServerHappening } from '../server.ts'
import { wallClock } from '../clock.ts'
import { findRescues, idOf, removeRescue, replaceNote, writeRescue, type FoundRescue } from './rescue-files.ts'
import { dispensable, surplus } from './rescue-retention.ts'
import { RescueUnknownError, RescueUnreadableError } from './rescue-errors.ts'
import { RescueError } from './server-errors.ts'

/** What whoever keeps a rescue knows of it. */
export type AboutRescue = Omit<RescueNote, 'version' | 'takenAt' | 'applied' | 'original' | 'fileBytes'>

/** The rescues of one cluster on this node (S7): kept within the limits of the configuration. */
export interface Rescues {
  /**
   * Keeps a compressed copy of a database file and its note, both on disk when this resolves, then removes what is beyond
   * the limits. Resolves to the copy's path. Rejects with a RescueError when the copy cannot be kept.
   */
  keep (file: string, about: AboutRescue): Promise<string>
  /** The copy that a guard stood for is whole. */
  release (guard: string): Promise<void>
  usage (): Promise<Report['rescues']>
  /** The newest first. */
  list (): Promise<readonly FoundRescue[]>
  find (id: string): Promise<FoundRescue & { readonly note: RescueNote }>
  change (id: string, change: (note: RescueNote) => RescueNote): Promise<FoundRescue>
  remove (id: string): Promise<void>
  /** Removes what is beyond the limits now. */
  prune (): Promise<void>
}

interface Keeper {
  readonly cluster: string
  readonly node: string
}

export function createRescues (config: RescueConfig, keeper: Keeper, onHappening: ServerHappening): Rescues {
  const { directory } = config
  const { cluster, node } = keeper
  const { prune, write } = createShelf(config, node, onHappening)

  async function found (id: string): Promise<FoundRescue> {
    const rescue = (await findRescues(directory, node)).find(one => one.id === id)
    if (rescue === undefined) throw new RescueUnknownError(id, keeper)
    return rescue
  }

  async function find (id: string): Promise<FoundRescue & { readonly note: RescueNote }> {
    const { note, ...rescue } = await found(id)
    if (note === null) throw new RescueUnreadableError(id, rescue.problem ?? 'its note is missing', keeper)
    return { ...rescue, note }
  }

  return {
    async keep (file, about) {
      const { server } = about
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        const kept = await write(file, { version: 1, ...about, takenAt: wallClock().toISOString(), fileBytes: (await stat(file)).size, original: file, applied: [] })
        if (kept.bytes > config.maxBytes) {
          await removeRescue(kept.path)
          throw new RescueError(server, `${file} has ${kept.bytes} bytes when compressed, more than rescue.maxSize (${config.maxBytes})`, keeper)
        }
        const facts = { id: idOf(node, kept.path), server, file: kept.path, bytes: kept.bytes, reason: about.reason, acknowledged: about.acknowledged !== null }
        if (!about.guard) onHappening('rescueKept', `the data of ${server} was kept before replication (rescue ${facts.id}): ${findingInWords(about.finding)}`, facts)
        await prune(kept.path)
        return kept.path
      } catch (cause) {
        if (cause instanceof RescueError) throw cause
        throw new RescueError(server, (cause as Error).message, { cluster, node, cause })
      }
    },
    release: removeRescue,
    async usage () {
      const kept = await findRescues(directory, node)
      return {
        files: kept.length,
        bytes: kept.reduce((total, { bytes }) => total + bytes, 0),
        unacknowledgedFiles: kept.filter(({ guard, acknowledgedMs }) => !guard && acknowledgedMs === null).length
      }
    },
    list: async () => (await findRescues(directory, node)).toReversed(),
    find,
    async change (id, change) {
      const { path, note } = await find(id)
      await replaceNote(path, change(note))
      return await find(id)
    },
    async remove (id) {
      await removeRescue((await found(id)).path)
    },
    prune: () => prune(null)
  }
}

/** What is written and removed to stay within the limits, and within the disk. */
function createShelf (config: RescueConfig, node: string, onHappening: ServerHappening) {
  const { directory } = config

  /** What nobody has seen may hold writes that are nowhere else: its end is told as loud as a loss. */
  async function remove ({ id, path, bytes, guard, note, acknowledgedMs }: FoundRescue, why: string): Promise<void> {
    await removeRescue(path)
    if (guard) return
    const held = note === null ? 'nothing is known of it' : findingInWords(note.finding)
    const facts = { id, file: path, bytes, held, takenAt: note?.takenAt ?? null, database: note?.database ?? null }
    if (acknowledgedMs === null) onHappening('unseenRescueRemoved', `rescue ${id}, which nobody has acknowledged, was removed ${why}: ${held}`, facts)
    else onHappening('rescueRemoved', `rescue ${id} was removed ${why}`, facts)
  }

  return {
    async prune (spare: string | null): Promise<void> {
      for (const { rescue, why } of surplus(await findRescues(directory, node), config, wallClock().getTime(), spare)) {
        await remove(rescue, `to stay within rescue.${why}`)
      }
    },
    /** Once more when the disk is full and something is there that nobody misses. */
    async write (file: string, note: RescueNote): Promise<{ readonly path: string, readonly bytes: number }> {
      try {
        return await writeRescue(directory, file, note)
      } catch (error) {
        const giveWay = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? dispensable(await findRescues(directory, node)) : []
        if (giveWay.length === 0) throw error
        for (const rescue of giveWay) await remove(rescue, 'since the disk is full')
        return await writeRescue(directory, file, note)
      }
    }
  }
}
