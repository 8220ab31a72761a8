// What operators want for longer than one command: stored before it counts, so that every leader knows it.
import type { Leader } from '../protocol/api.ts'
import { invariant } from '../protocol/invariant.ts'
import { PLANNED_AHEAD_MAX_MS, PLANNED_SWITCHOVERS_MAX, PLANNED_WITHIN_DEFAULT_MS, type PlannedSwitchover } from '../protocol/planned.ts'
import { PREFERENCE_MS_MAX, type PreferenceBody } from '../protocol/preference.ts'
import { wallClock } from './clock.ts'
import type { ClusterService } from './cluster-service.ts'
import { CommandRefusedError, PlanUnknownError, RequestWrongError } from './command-errors.ts'
import type { IntentKeeper } from './intent-keeper.ts'
import type { Tell } from './recorder.ts'
import type { Intent, StoredPreferences } from './store/store.ts'

export interface OperatorIntentOptions {
  readonly cluster: string
  readonly dataNodes: readonly string[]
  readonly intents: Pick<IntentKeeper, 'set'>
  /** As it is at this moment. */
  readonly leads: () => boolean
  readonly otherLeader: () => Leader | null
  readonly tell: Tell
}

/** What the leader does with what operators planned. */
export interface PlanMarks {
  markPlanned (id: string, begunAt: string): Promise<void>
  closePlanned (id: string): Promise<void>
}

export function createOperatorIntent ({ cluster, dataNodes, intents, leads, otherLeader, tell }: OperatorIntentOptions): Pick<ClusterService, 'pause' | 'resume' | 'prefer' | 'plan' | 'cancelPlan'> & PlanMarks {
  async function set (change: (known: Intent) => Partial<Intent>): Promise<void> {
    if (!leads()) throw new CommandRefusedError(cluster, { kind: 'notLeading' }, otherLeader())
    await intents.set(change)
  }

  async function setPaused (paused: Intent['paused'], actor: string): Promise<void> {
    await set(() => ({ paused }))
    tell(paused === null ? 'resumed' : 'paused', 'warning', null, paused === null ? `${actor} resumed the cluster` : `${actor} paused the cluster${paused.reason === '' ? '' : `: ${paused.reason}`}`, { actor })
  }

  return {
    pause: (body, actor) => setPaused({ by: actor, at: wallClock().toISOString(), reason: body.reason ?? '' }, actor),
    resume: actor => setPaused(null, actor),
    async plan ({ at, to, withinMs = PLANNED_WITHIN_DEFAULT_MS, reason = '' }, actor) {
      if (to !== undefined && !dataNodes.includes(to)) throw new CommandRefusedError(cluster, { kind: 'unknownNode', node: to })
      const now = wallClock()
      const plan = { at: instantOf(cluster, 'at', at, now.getTime(), PLANNED_AHEAD_MAX_MS), withinMs, to: to ?? null, by: actor, askedAt: now.toISOString(), reason, begunAt: null }
      let added: PlannedSwitchover | undefined
      await set(({ version, planned = [] }) => {
        if (planned.length >= PLANNED_SWITCHOVERS_MAX) throw new RequestWrongError(cluster, `${planned.length} switchovers are planned already, which is the limit: cancel one`)
        added = { id: `s${version + 1}`, ...plan }
        return { planned: [...planned, added] }
      })
      invariant(added !== undefined, 'what was stored was made')
      tell('switchoverPlanned', 'warning', plan.to, `${actor} planned a switchover${to === undefined ? '' : ` to ${to}`} for ${plan.at}${reason === '' ? '' : `: ${reason}`}`, { actor, id: added.id, at: plan.at, to: plan.to })
      return added
    },
    async cancelPlan (id, actor) {
      let gone: PlannedSwitchover | undefined
      await set(({ planned = [] }) => {
        gone = planned.find(one => one.id === id)
        if (gone === undefined || gone.begunAt !== null) throw new PlanUnknownError(cluster, id, gone?.begunAt ?? null)
        return { planned: planned.filter(one => one.id !== id) }
      })
      invariant(gone !== undefined, 'what was cancelled was there')
      tell('switchoverCancelled', 'warning', gone.to, `${actor} cancelled the switchover${gone.to === null ? '' : ` to ${gone.to}`} that ${gone.by} planned for ${gone.at}`, { actor, id, at: gone.at, to: gone.to })
    },
    markPlanned: (id, begunAt) => set(({ planned = [] }) => {
      if (!planned.some(one => one.id === id)) throw new PlanUnknownError(cluster, id, null)
      return { planned: planned.map(one => one.id === id ? { ...one, begunAt } : one) }
    }),
    closePlanned: id => set(({ planned = [] }) => ({ planned: planned.filter(one => one.id !== id) })),
    async prefer (node, body, actor) {
      if (!dataNodes.includes(node)) throw new CommandRefusedError(cluster, { kind: 'unknownNode', node })
      const { preference, reason = '' } = body
      const now = wallClock()
      const until = endOf(cluster, body, now.getTime())
      await set(({ preferences = {} }) => {
        const { [node]: _before, ...others } = unended(preferences, now.getTime())
        return { preferences: preference === 'neutral' ? others : { ...others, [node]: { preference, by: actor, at: now.toISOString(), until, reason } } }
      })
      tell('preferenceSet', 'warning', node, `${actor} set ${node} to "${preference}"${until === null ? '' : ` until ${until}`}${reason === '' ? '' : `: ${reason}`}`, { actor, preference, until })
    }
  }
}

/** When it ends, as ISO 8601 in UTC; null: not by itself. */
function endOf (cluster: string, { preference, forMs, until }: PreferenceBody, nowMs: number): string | null {
  if (forMs === undefined && until === undefined) return null
  if (preference === 'neutral') throw new RequestWrongError(cluster, '"neutral" is how a node is by itself: it has no end (forMs, until)')
  if (forMs !== undefined && until !== undefined) throw new RequestWrongError(cluster, 'say one of forMs and until')
  return instantOf(cluster, 'until', until ?? new Date(nowMs + (forMs ?? 0)).toISOString(), nowMs, PREFERENCE_MS_MAX)
}

/** A time to come, as ISO 8601 in UTC. */
export function instantOf (cluster: string, field: string, text: string, nowMs: number, withinMs: number): string {
  const atMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(atMs)) throw new RequestWrongError(cluster, `${field}: "${text}" is no time; write it with its offset, such as 2026-01-02T03:04:05Z`)
  if (atMs <= nowMs) throw new RequestWrongError(cluster, `${field}: ${text} has passed; the controller's clock says ${new Date(nowMs).toISOString()}`)
  if (atMs > nowMs + withinMs) throw new RequestWrongError(cluster, `${field}: ${text} is more than ${Math.round(withinMs / 86_400_000)} days away`)
  return new Date(atMs).toISOString()
}

function unended (preferences: StoredPreferences, nowMs: number): StoredPreferences {
  return Object.fromEntries(Object.entries(preferences).filter(([, { until }]) => until === null || Date.parse(until) > nowMs))
}
