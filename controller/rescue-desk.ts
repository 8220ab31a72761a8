// What operators do with the rescues of one cluster: the controller finds the node that keeps one and the node that
// serves, and lets their agents do it; it touches no database itself.
import type { ClusterConfig } from '../protocol/cluster.ts'
import { dataMembers } from '../protocol/cluster.ts'
import type { ClusterView } from '../protocol/api.ts'
import { RemoteError } from '../protocol/remote-error.ts'
import { keeperOf, type ClusterRescues, type RescueRemoveBody, type RescueSignBody, type RescueView } from '../protocol/rescue.ts'
import { choosesNothing, type ApplyBody, type ApplyReply, type DiffQuery, type ReplayPlan, type RescueDiff } from '../protocol/rescue-replay.ts'
import type { CopyComparisons } from '../protocol/copy-comparison.ts'
import { CommandRefusedError } from './command-errors.ts'
import type { RescueLink } from './link/agent-link.ts'
import { NobodyServesError, NothingChosenError, ReplayUncertainError, RescueKeeperUnknownError } from './rescue-errors.ts'

/** What the controller's API can ask about the rescues of one cluster (S7). `actor` is the token's name. Rejections are OvsdbHaErrors. */
export interface RescueDesk {
  list (): Promise<ClusterRescues>
  show (id: string): Promise<RescueView>
  acknowledge (id: string, body: RescueSignBody, actor: string): Promise<RescueView>
  remove (id: string, body: RescueRemoveBody, actor: string): Promise<RescueView>
  diff (id: string, query: DiffQuery): Promise<RescueDiff>
  /** What each other data node has and `to` lacks: what a forced failover to it would lose, as far as the copies can be read. */
  compareCopies (to: string): Promise<CopyComparisons>
  /** All of the chosen rows come back in one transaction, or none of them does and the conflicts say why. */
  apply (id: string, body: ApplyBody, actor: string): Promise<ApplyReply>
}

export interface RescueDeskOptions {
  readonly cluster: ClusterConfig
  readonly links: readonly RescueLink[]
  readonly view: () => Pick<ClusterView, 'active' | 'term'>
}

export function createRescueDesk ({ cluster, links, view }: RescueDeskOptions): RescueDesk {
  const { name, timing } = cluster
  const quickMs = timing.commandTimeoutMs
  /** Two whole databases are read and compared. */
  const wholeMs = 2 * timing.resyncDeadlineMs

  function keeper (id: string): RescueLink {
    const link = links.find(one => one.node === keeperOf(id))
    if (link === undefined) throw new RescueKeeperUnknownError(id, name, dataMembers(cluster).map(member => member.name))
    return link
  }

  function serving (): { readonly active: string, readonly term: number, readonly link: RescueLink } {
    const { active, term } = view()
    const link = links.find(one => one.node === active)
    if (active === null || link === undefined) throw new NobodyServesError(name)
    return { active, term, link }
  }

  return {
    async list () {
      return {
        nodes: await Promise.all(links.map(async link => {
          try {
            return { node: link.node, problem: null, ...await link.list(quickMs) }
          } catch (error) {
            return { node: link.node, problem: (error as Error).message, rescues: [], freeBytes: null }
          }
        }))
      }
    },
    show: async id => await keeper(id).show(id, quickMs),
    acknowledge: async (id, { reason = '' }, actor) => await keeper(id).acknowledge(id, { by: actor, reason }, quickMs),
    remove: async (id, { reason = '', force = false }, actor) => await keeper(id).remove(id, { by: actor, reason, force }, quickMs),
    diff: async (id, query) => await keeper(id).diff(id, { ...query, active: serving().active }, wholeMs),
    async compareCopies (to) {
      const link = links.find(one => one.node === to)
      if (link === undefined) throw new CommandRefusedError(name, { kind: 'unknownNode', node: to })
      const sources: CopyComparisons['sources'] = []
      // one after the other: each reads whole databases into memory
      for (const { name: source } of dataMembers(cluster)) {
        if (source === to) continue
        try {
          sources.push({ problem: null, ...await link.compareCopies(source, cluster.servers.length * wholeMs) })
        } catch (error) {
          sources.push({ source, problem: (error as Error).message, databases: [] })
        }
      }
      return { to, sources }
    },
    async apply (id, { dryRun = false, reason = '', ...choice }, actor) {
      if (choosesNothing(choice)) throw new NothingChosenError(name)
      const { active, term, link } = serving()
      const plan = await keeper(id).plan(id, { active, choice }, wholeMs)
      const { rows, operations, server } = plan
      if (dryRun || plan.conflicts.length > 0 || rows.length === 0) return { applied: false, plan }
      const reply = await link.replay({ by: actor, reason, term, rescue: id, server, operations, replayedRows: rows.length }, timing.busyAfterMs + quickMs)
        .catch((error: Error) => { throw isRefusal(error) ? error : new ReplayUncertainError(id, name, active, error) })
      if (!reply.ok) return { applied: false, plan: { ...plan, conflicts: [refusalOf(plan, reply.operationIndex, reply.reason ?? '')] } }
      // the rows are there, whatever becomes of the note about it
      const unnoted = await keeper(id).applied(id, { by: actor, reason, appliedRows: rows.length }, quickMs).then(() => [], (error: Error) => [`${keeperOf(id)} did not note it: ${error.message}`])
      return { applied: true, plan: { ...plan, notes: [...plan.notes, ...unnoted] } }
    }
  }
}

/** The agent said that it does not write; any other failure may have come after the commit. */
function isRefusal (error: Error): boolean {
  return error instanceof RemoteError && error.httpStatus === 409
}

/** What the server refused, by the row that it was about; a precondition (`wait`) says only that it does not hold. */
function refusalOf (plan: ReplayPlan, operationIndex: number, reason: string): ReplayPlan['conflicts'][number] {
  const row = plan.rows[plan.rowOfOperation[operationIndex] ?? -1]
  const changed = plan.operations[operationIndex]?.op === 'wait'
  const { table, uuid, label } = row ?? { table: '', uuid: '', label: null }
  return { table, uuid, label, reason: changed ? 'the active changed it since it was looked at: try again' : reason }
}
