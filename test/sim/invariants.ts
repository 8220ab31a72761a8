import type { UnitState } from '../../agent/core/state.ts'
import type { VoterRecord } from '../../agent/core/voter.ts'
import type { LeaseReply, LeaseRequest, TermReply, TermRequest } from '../../protocol/vote.ts'
import type { OperationKind } from '../../protocol/api.ts'
import { lastMarker } from '../../protocol/last-marker.ts'
import { createLedger } from './ledger.ts'
import type { VoterList } from '../../protocol/voter-list.ts'
import { createMembershipChecks } from './membership.ts'
import { holds, sharedWith, type Row } from './rows.ts'
import type { ServerModel } from './server-model.ts'
import type { Settings } from './settings.ts'
import type { VoterDisk } from './voter-disk.ts'
import type { World } from './world.ts'

/** Looks from outside, with true time, at everything that the nodes do; the first breach ends the run. */
export interface Observer {
  readonly violations: readonly string[]
  /** The rule of each violation: `I1`, `S3`. */
  readonly rules: readonly string[]
  violate (text: string): void
  /** I1: somebody may have begun to serve. */
  servingMayHaveBegun (): void
  /** I2: a node promotes or serves in a term. */
  promotes (node: string, term: number): void
  /** I2: a voter said yes; what it said binds it for ever. */
  saidYesToTerm (voter: string, request: TermRequest, reply: TermReply): void
  /** `sentAtMs`: when its holder asked; whoever lost its power since has nothing of the answer. */
  saidYesToLease (voter: string, request: LeaseRequest, reply: LeaseReply, sentAtMs: number): void
  /** The operator moved a damaged file away: what this voter said is forgotten, and only what it granted still binds it. */
  forgot (voter: string): void
  stored (voter: string, record: VoterRecord): void
  /** S11. */
  countsBy (holder: string, list: VoterList): void
  forced (list: VoterList): void
  released (node: string, term: number): void
  /** Truly: by its device, or before somebody who looked says so. Whatever it was granted until it starts again is worth nothing. */
  poweredOff (node: string): void
  /** I3, I4: a gate opens in that term. */
  beganToServe (node: string, term: number, resumed: boolean): void
  operationOf (term: number, holder: string, operation: { readonly kind: OperationKind, readonly from: string | null, readonly switchedTo: boolean, readonly remembers: boolean }): void
  /** I5. */
  turnedActiveByItself (server: ServerModel): void
  acknowledged (server: ServerModel, term: number, row: Row): void
  started (node: string): void
  /** S7: only that server's file is gone, and what nobody else held with it. */
  diskLost (server: ServerModel): void
  /** S7, at the end: every acknowledged row is in a database or in a rescue. */
  countRows (): void
  /** I7: whoever serves undisturbed must not lose its lease. */
  disturbed (): void
  stopped (node: string, reason: string): void
}

export interface ObservedNode {
  readonly name: string
  readonly servers: readonly ServerModel[]
  readonly serves: (server: ServerModel) => boolean
  readonly state: () => UnitState | null
  readonly disk: Pick<VoterDisk, 'torn'>
  /** How long the agent has been in its phase. */
  readonly phaseAgeMs: () => number
}

/** Two looks and two slow commands: by then a backup's gate is closed, whatever was left open. */
const GATE_CLOSED_MS = 3_000

/** Timers are a little late, and rates are drawn: a voter's hold may be that much shorter in true time than its clock's rate tells. */
const FASTEST_MARGIN = 0.995

interface Told { readonly kind: OperationKind, readonly from: string | null, readonly switchedTo: boolean, readonly remembers: boolean }

export function createObserver (world: World, settings: Settings, nodes: () => readonly ObservedNode[]): Observer {
  const { timing } = settings.cluster
  const violations: string[] = []
  const rules: string[] = []
  const holderOf = new Map<number, string>()
  const yesTo = new Map<string, Map<number, string>>()
  const highestYes = new Map<string, number>()
  const stored = new Map<string, number>()
  const releases = new Map<string, number>()
  const told = new Map<string, Told>()
  const granted = new Map<string, Map<string, { term: number, askedAtMs: number, untilMs: number }>>()
  const offAtMs = new Map<string, number>()
  /** Per server: the last acknowledged row and its term. */
  const last = new Map<string, { readonly term: number, readonly holder: string, readonly row: Row }>()
  const startedAtMs = new Map<string, number>()
  const ledger = createLedger(() => nodes().flatMap(node => node.servers))
  let disturbedAtMs = 0
  const membership = createMembershipChecks(settings, violate, name => nodes().find(node => node.name === name)?.disk.torn() === true)

  function violate (text: string): void {
    rules.push(text.split(' ')[0] ?? '')
    violations.push(`at ${world.now().toFixed(1)} ms: ${text}`)
    world.note(`VIOLATION ${text}`)
    world.halt()
  }

  function bind (voter: string, term: number, holder: string): void {
    if (term < (highestYes.get(voter) ?? 0)) violate(`I2 voter ${voter} accepted term ${term} after term ${highestYes.get(voter) ?? 0}`)
    if ((stored.get(voter) ?? 0) < term) violate(`S1 voter ${voter} said yes to term ${term} and has stored ${stored.get(voter) ?? 0}`)
    highestYes.set(voter, Math.max(term, highestYes.get(voter) ?? 0))
    const terms = yesTo.get(voter) ?? new Map<number, string>()
    yesTo.set(voter, terms)
    const before = terms.get(term)
    if (before !== undefined && before !== holder) violate(`I2 voter ${voter} gave term ${term} to ${before} and to ${holder}`)
    terms.set(term, holder)
  }

  /** What a voter granted binds it until it is over or given back, also when the voter restarted and forgot it (S3). */
  function checkGrants (voter: string, request: LeaseRequest, sentAtMs: number): void {
    const runs = granted.get(voter) ?? new Map<string, { term: number, askedAtMs: number, untilMs: number }>()
    granted.set(voter, runs)
    for (const [holder, { term, askedAtMs, untilMs }] of runs) {
      const over = holder === request.holder || untilMs <= world.now() || (releases.get(holder) ?? 0) >= term || diedWithPower(holder, askedAtMs)
      if (!over) violate(`S3 voter ${voter} grants term ${request.term} to ${request.holder} while its grant of term ${term} to ${holder} runs`)
    }
    runs.set(request.holder, { term: request.term, askedAtMs: sentAtMs, untilMs: world.now() + request.holdMs * FASTEST_MARGIN / settings.clockRates.max })
  }

  function diedWithPower (holder: string, askedAtMs: number): boolean {
    const offMs = offAtMs.get(holder)
    if (offMs === undefined) return false
    const startedMs = startedAtMs.get(holder) ?? 0
    return startedMs <= offMs || askedAtMs < startedMs
  }

  /** What was acknowledged and is missing on the new active: nothing after a switchover, little after a failover (S6). */
  function checkRows (node: string, server: ServerModel, term: number, how: Told | undefined): void {
    const before = last.get(server.name)
    if (before === undefined || before.term >= term || holds(server.rows(), before.row)) return
    const shared = sharedWith(server.rows(), before.row)
    const lostMs = before.row.atMs - oldestAfter(before.row, shared).atMs
    const lost = `acknowledged rows of ${server.name} worth ${lostMs.toFixed(0)} ms of ${before.holder}'s term ${before.term}`
    const what = `${how?.kind ?? 'resumption'} to ${node} (term ${term})`
    const promotedInTerm = server.promotedFrom()?.term ?? 0
    // terms are durable: whoever has nothing of the last one is never taken. How far it came is known to those who heard it and still run
    const outOfTerm = promotedInTerm < before.term
    const behind = how?.remembers !== false && !restartedSince(before.row.atMs, before.holder) && lostMs > lossBoundMs()
    // whoever forced this very node before, in vain, was told what it lacks; when it had been promoted by then, its position says that it may have served
    const forced = how?.kind === 'forcedFailover' || [...told].some(([at, { kind }]) => {
      const forcedTerm = Number.parseInt(at)
      return kind === 'forcedFailover' && at.endsWith(` ${node}`) && forcedTerm > before.term && forcedTerm <= promotedInTerm
    })
    if (server.holdsMarker(lastMarker(before.holder, before.term))) violate(`I3 ${what} lost ${lost}, and it has the marker behind the last write`)
    else if (how?.kind === 'switchover' && how.switchedTo) violate(`I3 ${what} lost ${lost}`)
    else if (!forced && outOfTerm) violate(`I4 ${what} lost ${lost}, and it had nothing of that term`)
    else if (!forced && behind) violate(`I4 ${what} lost ${lost}; the bound is ${lossBoundMs().toFixed(0)} ms`)
    world.note(`${node} lacks ${lostMs.toFixed(0)} ms of rows of term ${before.term} (${how?.kind ?? 'resumption'})`)
    last.delete(server.name)
  }

  /** A voter that starts anew has forgotten how far the holder told it to be. */
  function restartedSince (atMs: number, holder: string): boolean {
    return [...startedAtMs].some(([name, startedMs]) => name !== holder && startedMs > atMs - timing.leaseMs - settings.slackMs)
  }

  function oldestAfter (row: Row, shared: Row): Row {
    let at = row
    while (at.parent !== null && at.parent !== shared) at = at.parent
    return at
  }

  /** The allowed lag, two heartbeats that were just being written, and what the stream and the last report may lack. */
  function lossBoundMs (): number {
    // no heartbeat is written while one server's gate is reopened and the other's hangs
    const halfOpenMs = settings.servers.length > 1 ? timing.commandTimeoutMs : 0
    return halfOpenMs + (timing.maxLagHeartbeats + 3) * timing.heartbeatEveryMs + 2 * settings.replicationLagMs + 2 * slowestCommandMs() +
      2 * timing.leaseMs + timing.renewEveryMs + timing.reportEveryMs + settings.network.delayMaxMs
  }

  /** A heartbeat that takes long holds up the next: the sequence stands still while rows go on. */
  function slowestCommandMs (): number {
    const slowest = Math.max(1, ...Object.values(settings.slowNodes))
    return 4 * Math.min(500, settings.commandMs * slowest)
  }

  return {
    violations,
    rules,
    violate,
    servingMayHaveBegun () {
      const all = nodes()
      for (const name of settings.servers) {
        let first: string | null = null
        for (const node of all) {
          const server = node.servers.find(one => one.name === name)
          if (server === undefined || !node.serves(server)) continue
          if (first !== null) violate(`I1 ${first} and ${node.name} both serve ${name}`)
          first = node.name
        }
      }
    },
    promotes (node, term) {
      const holder = holderOf.get(term)
      if (holder !== undefined && holder !== node) violate(`I2 ${node} promotes in term ${term} of ${holder}`)
      if ((releases.get(node) ?? 0) >= term) violate(`S2 ${node} promotes in term ${term}, which it released`)
      holderOf.set(term, node)
    },
    saidYesToTerm (voter, request, reply) {
      if (!reply.ok) return
      bind(voter, request.term, request.holder)
      membership.saidYes(voter, request.voters)
    },
    saidYesToLease (voter, request, reply, sentAtMs) {
      if (!reply.ok) return
      bind(voter, request.term, request.holder)
      checkGrants(voter, request, sentAtMs)
      membership.saidYes(voter, request.voters)
    },
    countsBy: membership.countsBy,
    forced: membership.forced,
    stored (voter, record) {
      const { term } = record
      membership.stored(voter, record)
      if (term < (stored.get(voter) ?? 0)) violate(`I2 voter ${voter} stored term ${term} after ${stored.get(voter) ?? 0}`)
      stored.set(voter, term)
    },
    forgot (voter) {
      yesTo.delete(voter)
      highestYes.delete(voter)
      stored.delete(voter)
    },
    released (node, term) { releases.set(node, Math.max(term, releases.get(node) ?? 0)) },
    poweredOff (node) { offAtMs.set(node, world.now()) },
    beganToServe (node, term, resumed) {
      const found = nodes().find(one => one.name === node)
      if (found === undefined) return
      for (const server of found.servers) {
        if (server.running() && !server.active()) violate(`S8 ${node} opens its gates in term ${term} while ${server.name} is no active`)
        if (!resumed) checkRows(node, server, term, told.get(`${term} ${node}`))
      }
    },
    operationOf (term, holder, operation) { told.set(`${term} ${holder}`, operation) },
    turnedActiveByItself (server) {
      const node = nodes().find(one => one.name === server.node)
      // an agent that just became a backup may still be closing what its predecessor left open behind the guard
      const closed = node?.state()?.phase.type === 'backup' && node.phaseAgeMs() > GATE_CLOSED_MS * settings.pace && settings.commandFailure === 0
      if (server.gateOpen() && closed) violate(`I5 ${server.name} on ${server.node} turned active by itself with its gate open`)
    },
    acknowledged (server, term, row) {
      const before = last.get(server.name)
      if (before !== undefined && before.term > term) violate(`I1 a row of ${server.name} was acknowledged by ${server.node} in term ${term} after one of term ${before.term}`)
      last.set(server.name, { term, holder: server.node, row })
      ledger.acknowledged(server.name, row)
    },
    diskLost: ledger.diskLost,
    countRows () {
      for (const lost of ledger.missing()) violate(`S7 ${lost.rows} acknowledged rows of ${lost.server} are neither in a database nor in a rescue (the oldest of ${lost.oldestAtMs.toFixed(0)} ms)`)
    },
    started (node) { startedAtMs.set(node, world.now()) },
    disturbed () { disturbedAtMs = world.now() },
    stopped (node, reason) {
      const calm = settings.network.loss === 0 && settings.network.delayMaxMs <= timing.leaseMs / 20 && settings.commandFailure === 0
      if (!calm || world.now() - disturbedAtMs < 4 * (timing.leaseMs + settings.slackMs) + 2_000 * settings.pace) return
      if (reason === 'superseded' || reason === 'leaseLapsed') violate(`I7 ${node} served undisturbed and was stopped (${reason})`)
    }
  }
}
