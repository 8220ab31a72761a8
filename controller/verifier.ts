import type { ClusterConfig } from '../protocol/cluster.ts'
import { differingInWords, VERIFICATIONS_MAX, type Verification, type VerifiedPart, type VerifyBody } from '../protocol/verify.ts'
import { monotonicMs, wallClock } from './clock.ts'
import { clipped } from './core/diagnosis.ts'
import type { ComparedNode } from './core/differing.ts'
import type { MaintenanceLink } from './link/agent-link.ts'
import type { ControllerMetrics } from './metrics.ts'
import { mustLead } from './must-lead.ts'
import type { ScheduleHost } from './schedule-host.ts'
import { NothingToVerifyError, VerificationRunsError, VerificationUnknownError } from './verify-errors.ts'
import { verifyPart } from './verify-part.ts'

/** Compares the databases of the active with those of every backup; only the leader does. Rejections are OvsdbHaErrors. */
export interface Verifier {
  /** Begins one, and answers at once. */
  begin (body: VerifyBody, actor: string): Verification
  /** Begins one, and resolves to how it ended. */
  run (body: VerifyBody, actor: string): Promise<Verification>
  show (id: string): Verification
  /** Newest first. */
  list (): readonly Verification[]
}

export interface VerifierOptions {
  readonly cluster: ClusterConfig
  readonly host: Pick<ScheduleHost, 'name' | 'view' | 'tell' | 'compared'>
  /** One per data node. */
  readonly links: readonly MaintenanceLink[]
  readonly metrics: Pick<ControllerMetrics, 'verified'>
}

const PROGRESS_EVERY_MS = 500
const PROGRESS_DEADLINE_MS = 2_000

export function createVerifier (options: VerifierOptions): Verifier {
  const { cluster, host } = options
  /** Newest first. */
  let known: readonly Verification[] = []
  let begunCount = 0

  function start ({ digests = false, reason = '' }: VerifyBody, actor: string): { readonly begun: Verification, readonly ended: Promise<Verification> } {
    mustLead(host)
    const running = known.find(one => one.outcome === 'running')
    if (running !== undefined) throw new VerificationRunsError(host.name, running.id)
    const { active, term, operation, nodes, hold, summary } = host.view()
    if (operation !== null) throw new NothingToVerifyError(host.name, `a ${operation.kind} runs`)
    if (active === null) throw new NothingToVerifyError(host.name, `nobody serves: ${hold?.message ?? summary}`)
    const backups = nodes.filter(node => !node.witness && node.name !== active).map(node => node.name)
    const startedAt = wallClock().toISOString()
    const begun: Verification = {
      id: `${startedAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${++begunCount}`,
      cluster: host.name,
      active,
      term,
      actor,
      reason,
      startedAt,
      durationMs: null,
      outcome: 'running',
      parts: backups.flatMap(node => cluster.servers.map(({ name, database }): VerifiedPart => ({ node, server: name, database, state: 'waiting', problem: null, tableEntries: 0, doneEntries: 0, longestReadMs: 0, tables: [] })))
    }
    known = [begun, ...known].slice(0, VERIFICATIONS_MAX)
    host.tell('verifyBegan', 'info', null, `${actor} has the databases of ${backups.join(', ')} compared with those of ${active}`, { verification: begun.id, actor, reason })
    return { begun, ended: work(options, begun, digests, changed => { known = known.map(one => one.id === changed.id ? changed : one) }) }
  }

  return {
    begin (body, actor) {
      const { begun, ended } = start(body, actor)
      // every failure is a finding of its part; another one is a bug, and must not end the process
      ended.catch((error: unknown) => host.tell('verifyFailed', 'warning', null, `verification ${begun.id} broke off: ${(error as Error).message}`, { verification: begun.id }))
      return begun
    },
    run: async (body, actor) => await start(body, actor).ended,
    show (id) {
      mustLead(host)
      const found = known.find(one => one.id === id)
      if (found === undefined) throw new VerificationUnknownError(host.name, id)
      return found
    },
    list () {
      mustLead(host)
      return known
    }
  }
}

/** One part after the other: the active writes down one table at a time. */
async function work ({ cluster, host, links, metrics }: VerifierOptions, begun: Verification, digests: boolean, onChange: (now: Verification) => void): Promise<Verification> {
  const { active, term } = begun
  const startMs = monotonicMs()
  let now = begun

  function change (at: number, over: Partial<VerifiedPart>): void {
    now = { ...now, parts: now.parts.map((part, index) => index === at ? { ...part, ...over } : part) }
    onChange(now)
  }

  /** Why the comparison would be with something else than what it began with. */
  function whyOver (): string | null {
    const view = host.view()
    if (!view.controller.leads) return 'this controller does not lead the cluster any more'
    return view.active === active && view.term === term ? null : `${active} does not serve in term ${term} any more`
  }

  async function verifyOne (at: number, { node, server }: VerifiedPart): Promise<Partial<VerifiedPart>> {
    const [backupLink, activeLink] = [node, active].map(name => links.find(link => link.node === name))
    const why = whyOver()
    // whether it can be compared its agent knows better than the last report: a server that is busy says nothing of whom it follows
    if (why !== null || backupLink === undefined || activeLink === undefined) return { state: 'notCompared', problem: why ?? `${node} cannot be asked` }
    change(at, { state: 'running' })
    const stopLooking = watchProgress(backupLink, server, progress => change(at, progress))
    try {
      const verdict = await verifyPart({ server, active, term, digests, deadlineMs: cluster.timing.resyncDeadlineMs, backupLink, activeLink })
      const over = whyOver()
      return over === null ? { ...verdict, tableEntries: verdict.tables.length, doneEntries: verdict.tables.length } : { state: 'notCompared', problem: over }
    } catch (error) {
      return { state: 'notCompared', problem: (error as Error).message }
    } finally {
      stopLooking()
    }
  }

  for (const [at, part] of begun.parts.entries()) change(at, await verifyOne(at, part))
  const outcome = outcomeOf(now.parts)
  now = { ...now, outcome, durationMs: monotonicMs() - startMs }
  onChange(now)
  metrics.verified(host.name, now, wallClock().getTime() / 1_000)
  host.compared(findingsOf(now))
  tellEnd(host, now)
  return now
}

/** A node that was not compared in all, and in nothing found to differ, stays what it was known as. */
function findingsOf ({ active, parts }: Verification): readonly ComparedNode[] {
  return [...Map.groupBy(parts, ({ node }) => node)].flatMap(([node, group]): readonly ComparedNode[] => {
    const differing = group.filter(({ state }) => state === 'differs')
    if (differing.length > 0) return [{ node, message: `compared with ${active}: ${differing.flatMap(differingInWords).join('; ')}` }]
    return group.every(({ state }) => state === 'same') ? [{ node, message: null }] : []
  })
}

function outcomeOf (parts: readonly VerifiedPart[]): 'same' | 'differs' | 'incomplete' {
  if (parts.some(({ state }) => state === 'differs')) return 'differs'
  return parts.every(({ state }) => state === 'same') ? 'same' : 'incomplete'
}

function tellEnd (host: VerifierOptions['host'], { id, actor, active, outcome, durationMs, parts }: Verification): void {
  const inMs = (durationMs ?? 0).toFixed(0)
  const facts = { verification: id, actor, active, outcome, durationMs, longestReadMs: Math.max(0, ...parts.map(part => part.longestReadMs)) }
  for (const part of parts.filter(({ state }) => state === 'differs')) {
    host.tell('backupDiffers', 'critical', part.node, clipped(`${part.node} does not have what ${active} has: ${differingInWords(part).join('; ')}`), { verification: id, server: part.server, lastingRows: part.tables.reduce((sum, { lastingRows }) => sum + lastingRows, 0) })
  }
  const open = parts.filter(({ problem }) => problem !== null).map(({ node, server, problem }) => `${server} of ${node}: ${problem}`)
  const names = [...new Set(parts.map(({ node }) => node))].join(', ')
  if (outcome === 'same') host.tell('verifyEnded', 'info', null, `every table of ${names} is as that of ${active} (${inMs} ms)`, facts)
  else host.tell('verifyEnded', outcome === 'differs' ? 'critical' : 'warning', null, clipped(`the comparison with ${active} ended after ${inMs} ms: ${outcome === 'differs' ? 'backups differ' : 'nothing differs, and not everything could be compared'}${open.length === 0 ? '' : `; ${open.join('; ')}`}`), facts)
}

/** How many tables are done, as far as the node says so; returns how to stop. */
function watchProgress (link: MaintenanceLink, server: string, onProgress: (progress: Pick<VerifiedPart, 'tableEntries' | 'doneEntries'>) => void): () => void {
  let asking = false
  let stopped = false
  const timer = setInterval(() => {
    if (asking) return
    asking = true
    link.compareProgress(PROGRESS_DEADLINE_MS).then(({ running }) => {
      if (!stopped && running?.server === server) onProgress({ tableEntries: running.tableEntries, doneEntries: running.doneEntries })
    }, () => undefined /* the comparison itself says what is wrong */).finally(() => { asking = false })
  }, PROGRESS_EVERY_MS)
  return () => {
    stopped = true
    clearInterval(timer)
  }
}
