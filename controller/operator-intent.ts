// What operators want for longer than one command: stored before it counts, so that every leader knows it.
import type { Leader } from '../protocol/api.ts'
import { PREFERENCE_MS_MAX, type PreferenceBody } from '../protocol/preference.ts'
import { wallClock } from './clock.ts'
import type { ClusterService } from './cluster-service.ts'
import { CommandRefusedError, RequestWrongError } from './command-errors.ts'
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

export function createOperatorIntent ({ cluster, dataNodes, intents, leads, otherLeader, tell }: OperatorIntentOptions): Pick<ClusterService, 'pause' | 'resume' | 'prefer'> {
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
