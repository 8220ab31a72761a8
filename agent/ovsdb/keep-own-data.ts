// Before replication overwrites a server's data: is there anything in it that the source lacks? Then it is kept (S7).
import { isLoss, LOSS_COUNTED, lossInWords, lossOf } from '../../protocol/loss.ts'
import { sumOf, type Finding } from '../../protocol/rescue.ts'
import { whyIncluded, type OwnCopy, type SourceCopy } from '../../protocol/rescue-proof.ts'
import { wallClock } from '../clock.ts'
import { readPosition } from './heartbeat.ts'
import { readSchema } from './read-content.ts'
import { idOf } from './rescue-files.ts'
import { inThread } from './rescue-work.ts'
import { toolBeside } from './server-command.ts'
import type { ServerParts } from './server-parts.ts'
import { parseTarget } from './target.ts'

/** What the source said when it was asked, and at which address: `tcp:10.0.0.1:16641`. */
export interface SourceSeen extends SourceCopy {
  readonly address: string
}

/** What becomes of the data: a guard goes when the copy is whole; a rescue stays, and asks for an operator unless `acknowledged` says why not. */
export function judge ({ node, position, complete }: OwnCopy, finding: Finding): { readonly guard: boolean, readonly acknowledged: string | null } {
  if (finding.problem !== null) return { guard: false, acknowledged: null }
  const { missingRows, changedRows, extraRows } = sumOf(finding.tables)
  if (missingRows + changedRows + extraRows === 0) return { guard: true, acknowledged: null }
  const anotherNodesCopy = complete && position !== null && position.writer !== node
  const onlyExtra = missingRows + changedRows === 0
  return { guard: false, acknowledged: anotherNodesCopy && onlyExtra ? 'the active has every row of it; only a deletion could be lost with it' : null }
}

/** Resolves to the guard's path when nothing but a guard was kept. Rejects with a RescueError when nothing could be kept: then nothing may overwrite it. */
export async function keepOwnData (parts: ServerParts, source: SourceSeen, signal: AbortSignal): Promise<string | null> {
  const { server, database, rescues, cluster, node } = parts
  if (!(await database.hasRows(server.database))) return null
  const own: OwnCopy = { node, position: await readPosition(database), complete: parts.copy.state().complete }
  const included = whyIncluded(own, source)
  const finding = included === null ? await compare(parts, source, signal) : { problem: null, tables: [] }
  const { guard, acknowledged } = judge(own, finding)
  const path = await rescues.keep(server.databaseFile, {
    cluster,
    node,
    server: server.name,
    database: server.database,
    reason: `about to follow ${source.node} (${source.address})${included === null ? '' : `; ${included}`}`,
    guard,
    position: own.position,
    schemaVersion: await schemaVersion(server.databaseFile),
    finding,
    acknowledged: acknowledged === null ? null : { at: wallClock().toISOString(), by: 'ovsdb-ha', reason: acknowledged }
  })
  if (included === null) tellLoss(parts, own, source, finding, guard ? null : idOf(node, path))
  return guard ? path : null
}

/**
 * What this node wrote while it served, and has not copied over since, was compared with the one that serves now: what that
 * one lacks was lost by the change between the two, or deleted there since.
 */
function tellLoss ({ node, server, copy, onHappening }: ServerParts, { position }: OwnCopy, source: SourceSeen, finding: Finding, rescue: string | null): void {
  if (position === null || position.writer !== node || copy.state().following !== null) return
  const loss = lossOf({ server: server.name, wroteTerm: position.term, active: source.node, rescue }, finding)
  onHappening(LOSS_COUNTED, `${isLoss(loss) ? 'lost' : 'not lost'} of what ${node} wrote up to term ${position.term}: ${lossInWords(loss)}`, { ...loss })
}

/** For people who look at it later: a file that does not say it is kept all the same. */
async function schemaVersion (file: string): Promise<string | null> {
  try {
    return (await readSchema(file)).version ?? null
  } catch {
    return null
  }
}

/** What cannot be compared may hold anything: that is no failure of following, and a reason to keep it. */
async function compare (parts: ServerParts, source: SourceSeen, signal: AbortSignal): Promise<Finding> {
  const { server, timing } = parts
  try {
    const tables = await inThread({
      kind: 'compare',
      rescue: { path: server.databaseFile, tool: toolBeside(server.run.program), unpackTo: null },
      active: { target: parseTarget(source.address, server.tls), database: server.database, connectTimeoutMs: timing.commandTimeoutMs },
      deadlineMs: timing.resyncDeadlineMs
    }, signal)
    return { problem: null, tables: [...tables] }
  } catch (error) {
    signal.throwIfAborted()
    return { problem: (error as Error).message.slice(0, 1_000), tables: [] }
  }
}
