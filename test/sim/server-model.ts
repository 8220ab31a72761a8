import type { ServerObservation } from '../../agent/server.ts'
import type { Position } from '../../protocol/position.ts'
import { believePosition, isDoubtful, type PositionBelief } from '../../protocol/position-belief.ts'
import type { Network } from './network.ts'
import { createReplicationSessions, DATABASES, type Database } from './replication-sessions.ts'
import { createRescueModel } from './rescue-model.ts'
import { append, hasMarker, NO_ROWS, type Row } from './rows.ts'
import type { Settings } from './settings.ts'
import type { Random, World } from './world.ts'

/**
 * What matters of one ovsdb-server process and its database file: born a backup, may turn active by itself, replicates by
 * full copies and a stream that lags (each database by itself, with a session and a pause before it dials of its own: a
 * position says nothing about the user's rows), loses its file when it dies in the middle of a copy.
 */
export interface ServerModel {
  readonly node: string
  readonly name: string
  readonly running: () => boolean
  readonly hung: () => boolean
  readonly active: () => boolean
  readonly gateOpen: () => boolean
  readonly rows: () => Row
  readonly position: () => Position | null
  /** How far its copy was when it was last promoted. */
  readonly promotedFrom: () => Position | null
  /** A copy is replacing its file: a crash leaves it empty. */
  readonly copying: () => boolean
  /** The positions come again, and the rows do not yet. */
  readonly halfArrived: () => boolean
  /** What was kept before a copy replaced it (S7). */
  readonly rescues: readonly Row[]
  /** Others may replicate from it: from the first time that its process serves (docs/adr/0008). */
  readonly isSource: () => boolean
  /** Follows that node, and its copy is whole. */
  readonly inStepWith: (source: string) => boolean
  start (): void
  crash (): void
  hang (): void
  wake (): void
  /** Replication failed in one of the ways that make a backup active (FACTS 1). */
  promoteItself (): boolean
  /** The disk ran full in the middle of a copy: active, writable and empty (FACTS R N2). */
  promoteItselfEmpty (): boolean
  /** Its process ends and its file is gone; the next start finds an empty one, and that it held rows before. */
  loseFile (): void
  /** Refused when it turned active by itself, and when its copy is not complete and nobody forces it. */
  promote (position: Position, force: boolean): string | null
  toPlaceholder (): string | null
  follow (source: ServerModel): string | null
  setGate (open: boolean): string | null
  /** A client's transaction; null when it was refused. */
  write (marker: string | null): Row | null
  writePosition (position: Position): string | null
  holdsMarker (marker: string): boolean
  observe (): ServerObservation
  /** Another agent looks at it from here on: what the one before had concluded is gone, but for what it wrote down. */
  agentStarted (): void
  /** A follower asks for what is new; called by the model itself. */
  readonly followers: Set<Follower>
}

interface Follower {
  rowsArrive (rows: Row): void
  positionArrives (position: Position | null): void
  sourceGone (): void
}

export interface ServerContext {
  readonly world: World
  readonly random: Random
  readonly network: Network
  readonly settings: Settings
  /** Something that clients may notice was switched on. */
  readonly changed: (server: ServerModel) => void
  readonly onTrouble: (server: ServerModel) => void
  /** What only this file held is lost, and nobody is to blame. */
  readonly diskLost: (server: ServerModel) => void
}

/** The name of a node's replication in the network's cuts. */
export function replicationOf (node: string): string {
  return `${node} replication`
}

export function createServerModel (context: ServerContext, node: string, name: string): ServerModel {
  const { world, random, network, settings } = context
  let running = false
  let hungSinceMs: number | null = null
  let role: 'active' | 'backup' = 'backup'
  let source: ServerModel | null = null
  const sessions = createReplicationSessions()
  let belief: PositionBelief = null
  /** Between the moment a copy begins to replace the file and its end. */
  let replacing = false
  let complete = true
  /** It was pointed at another server since it was promoted last: its copy may break when it promotes itself. */
  let followed = false
  let [gateOpen, hasServed] = [false, false]
  let rows: Row = NO_ROWS
  let position: Position | null = null
  let promotedFrom: Position | null = null
  let [session, promotedTerm] = [0, 0]
  let [rowsDueMs, positionDueMs] = [0, 0]
  const followers = new Set<Follower>()
  const kept = createRescueModel(node)
  /** Its file held rows and holds none: its agent finds that out at the next start. */
  let emptied = false

  /** Replication may be broken where everything else gets through. */
  function linked (from: string): boolean {
    return network.reaches(from, node) && network.reaches(node, from) && network.reaches(replicationOf(from), replicationOf(node))
  }

  function endSession (): void {
    session++
    replacing = false
    source?.followers.delete(link)
    sessions.endAll()
  }

  const link: Follower = {
    rowsArrive (next) {
      arrive('rows', () => {
        rows = next
        passOnRows()
      })
    },
    positionArrives (next) {
      arrive('position', () => {
        position = next
        passOnPosition()
      })
    },
    sourceGone () {
      endSession()
      dial()
    }
  }

  function passOnRows (): void {
    for (const follower of followers) follower.rowsArrive(rows)
  }

  function passOnPosition (): void {
    for (const follower of followers) follower.positionArrives(position)
  }

  /** In order within each database, and each database at a pace of its own. */
  function arrive (what: 'rows' | 'position', apply: () => void): void {
    const mine = session
    const lagMs = random.between(0.1, settings.replicationLagMs)
    const atMs = Math.max(world.now() + lagMs, what === 'rows' ? rowsDueMs : positionDueMs)
    if (what === 'rows') rowsDueMs = atMs
    else positionDueMs = atMs
    world.after(atMs - world.now(), () => {
      if (mine !== session || !running || hungSinceMs !== null) return
      if (source !== null && !linked(source.node)) {
        endSession()
        dial()
        return
      }
      if (sessions.isLive(what)) apply()
    })
  }

  /** Each database connects to the source until it succeeds, then is copied anew. */
  function dial (): void {
    for (const what of DATABASES) dialFor(what)
  }

  function dialFor (what: Database): void {
    const mine = session
    if (!running || source === null || role === 'active') return
    world.after(random.between(1, settings.redialMs), () => {
      if (mine !== session || !running || source === null) return
      if (hungSinceMs !== null || !source.isSource() || source.hung() || !linked(source.node)) return dialFor(what)
      sessions.connect(what)
      copyFrom(source, what, mine)
    })
  }

  function copyFrom (from: ServerModel, what: Database, mine: number): void {
    // the database of the positions has one row
    const tookMs = random.between(1, what === 'rows' ? settings.resyncMs : Math.min(20, settings.resyncMs))
    if (what === 'rows') world.after(random.between(0, tookMs), () => { if (mine === session && running) replacing = true })
    world.after(tookMs, () => {
      if (mine !== session || !running) return
      if (what === 'rows') replacing = false
      if (hungSinceMs !== null || !from.running() || from.hung() || !linked(from.node)) {
        sessions.lost(what)
        return dialFor(what)
      }
      sessions.arrived(what)
      from.followers.add(link)
      if (what === 'rows') {
        rows = from.rows()
        rowsDueMs = world.now()
        passOnRows()
      } else {
        position = from.position()
        positionDueMs = world.now()
        passOnPosition()
      }
      if (complete || !sessions.allLive()) return
      complete = true
      belief = null
      kept.copied(position)
    })
  }

  /** As the status says; it is `connecting` of the placeholder too. */
  function replication (): 'none' | 'connecting' | 'replicating' {
    if (!running || role === 'active') return 'none'
    return source !== null && sessions.allSaidToReplicate() ? 'replicating' : 'connecting'
  }

  /** What the agent makes of one look (agent/ovsdb/observe-server.ts). */
  function believedPosition (): Position | null {
    belief = believePosition(belief, { role, connections: replication() === 'replicating' ? sessions.connections() : null, position })
    return belief === null ? position : belief.position
  }

  function unavailable (): string | null {
    if (!running) return 'connection refused'
    return hungSinceMs === null ? null : 'no answer in time'
  }

  function stopFollowing (): void {
    endSession()
    source = null
    kept.calledOff()
  }

  function crash (): void {
    if (!running) return
    if (replacing) {
      emptied = true
      rows = NO_ROWS
      if (random.chance(0.5)) position = null
    }
    stopFollowing()
    running = false
    gateOpen = false
    hungSinceMs = null
    role = 'backup'
    for (const follower of [...followers]) follower.sourceGone()
    followers.clear()
    context.onTrouble(server)
  }

  const server: ServerModel = {
    node,
    name,
    followers,
    copying: () => replacing,
    halfArrived: () => running && sessions.isLive('position') && !sessions.isLive('rows'),
    rescues: kept.rescues,
    isSource: () => running && hasServed,
    running: () => running,
    hung: () => hungSinceMs !== null,
    active: () => role === 'active',
    gateOpen: () => gateOpen,
    rows: () => rows,
    position: () => position,
    promotedFrom: () => promotedFrom,
    inStepWith: from => running && source?.node === from && sessions.allLive() && complete,
    start () {
      if (running) return
      running = true
      hasServed = false
      promotedTerm = 0
      if (emptied) complete = false
      emptied = false
      hungSinceMs = null
      role = 'backup'
      source = null
      gateOpen = false
    },
    crash,
    hang () { if (running) hungSinceMs ??= world.now() },
    wake () {
      if (hungSinceMs === null) return
      hungSinceMs = null
      context.changed(server)
    },
    promoteItself () {
      if (!running || role === 'active' || hungSinceMs !== null) return false
      stopFollowing()
      role = 'active'
      if (followed) complete = false
      context.changed(server)
      return true
    },
    promoteItselfEmpty () {
      if (!replacing) return false
      rows = NO_ROWS
      position = null
      passOnRows()
      passOnPosition()
      return server.promoteItself()
    },
    loseFile () {
      crash()
      context.diskLost(server)
      emptied ||= rows !== NO_ROWS
      rows = NO_ROWS
      position = null
    },
    promote (next, force) {
      const why = unavailable()
      if (why !== null) return why
      if (role === 'active' && promotedTerm !== next.term) return 'it promoted itself'
      if (!complete && !force) return 'its copy is not complete'
      promotedTerm = next.term
      kept.marked(null)
      stopFollowing()
      followed = false
      promotedFrom = position
      role = 'active'
      context.changed(server)
      return server.writePosition(next)
    },
    toPlaceholder () {
      const why = unavailable()
      if (why !== null) return why
      stopFollowing()
      role = 'backup'
      return null
    },
    follow (from) {
      const why = unavailable()
      if (why !== null) return why
      if (from === server || !from.isSource() || from.hung() || !linked(from.node)) return 'the source does not answer'
      stopFollowing()
      role = 'backup'
      // an empty copy has nothing to lose
      if (rows !== NO_ROWS) {
        if (settings.rescueFailure > 0 && random.chance(settings.rescueFailure)) return 'no room for the rescue'
        kept.keep({ rows, position, complete }, from)
      }
      kept.marked(null)
      source = from
      followed = true
      complete = false
      sessions.begin()
      dial()
      return null
    },
    setGate (open) {
      if (!running) return open ? 'connection refused' : null
      if (hungSinceMs !== null) return 'no answer in time'
      gateOpen = open
      hasServed ||= open
      if (!open) return null
      kept.marked(null)
      context.changed(server)
      return null
    },
    write (marker) {
      if (unavailable() !== null || role !== 'active') return null
      rows = append(rows, world.now(), marker)
      if (marker !== null) kept.marked(marker)
      passOnRows()
      return rows
    },
    writePosition (next) {
      const why = unavailable() ?? (role === 'active' ? null : 'not allowed when server is in backup mode')
      if (why !== null) return why
      position = next
      passOnPosition()
      return null
    },
    holdsMarker: marker => hasMarker(rows, marker),
    agentStarted () {
      kept.agentStarted()
      if (!isDoubtful(belief, position)) belief = null
    },
    observe () {
      const hungForMs = hungSinceMs === null ? 0 : world.now() - hungSinceMs
      return {
        overdue: false,
        health: !running ? 'down' : hungSinceMs === null ? 'up' : hungForMs >= settings.cluster.timing.hungAfterMs ? 'hung' : 'busy',
        reason: running && hungSinceMs === null ? null : running ? 'it does not answer' : 'the process is gone',
        role: running ? role : 'unknown',
        source: source === null ? null : `tcp:${source.node}:${name}`,
        replication: replication(),
        complete,
        incompleteReason: complete ? null : 'its copy was never finished',
        position: believedPosition(),
        hasRows: rows !== NO_ROWS,
        pid: running ? 1 : null,
        version: '3.1.0',
        fileBytes: 0,
        gateOpen
      }
    }
  }
  return server
}
