// The store of several controllers: one Redis, one behind Sentinel, or a majority of independent ones.
import { randomUUID } from 'node:crypto'
import type { HistoryEntry } from '../../protocol/api.ts'
import type { RedisServer } from '../../protocol/cluster.ts'
import { monotonicMs, wallClock } from '../clock.ts'
import { gather, majorityOf, tooFew } from './majority.ts'
import { connectRedis, type RedisAccess, type RedisInstance } from './redis-instance.ts'
import { loadScripts, type ScriptName, type Scripts } from './redis-scripts.ts'
import type { Intent, Leadership, LeadRequest, Memory, Store } from './store.ts'
import { StoreConflictError, StoreUnavailableError } from './store-errors.ts'

export interface RedisStoreOptions {
  /** One, or an odd number of independent ones, of which a majority must agree. */
  readonly servers: readonly RedisServer[]
  readonly access: RedisAccess
  /** What every key begins with. */
  readonly prefix: string
  /** Tells this process's entries from those of others: a number below 4096, another one for each controller. */
  readonly part: number
  readonly historyMax?: number
  readonly commandTimeoutMs?: number
}

/** An answer that comes later than this is none. Twice as long, and less than half of what a leadership holds, for a script that an instance does not have yet. */
const COMMAND_TIMEOUT_MS = 1_000

export function createRedisStore ({ servers, access, prefix, part, historyMax = 10_000, commandTimeoutMs = COMMAND_TIMEOUT_MS }: RedisStoreOptions): Store {
  const instances: RedisInstance[] = []
  let scripts: Scripts | null = null

  function askAll (name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): readonly Promise<unknown>[] {
    if (scripts === null) throw new StoreUnavailableError(servers.map(({ text }) => text).join(', '), 'it is not open')
    const script = scripts[name]
    return instances.map(instance => instance.run(script, keys.map(key => prefix + key), args))
  }

  /** The answers of a majority. */
  async function ask (name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<readonly unknown[]> {
    const quorum = majorityOf(servers.length)
    const { values, errors } = await gather(askAll(name, keys, args), answers => answers.length >= quorum)
    if (values.length < quorum) throw tooFew(servers.length, values.length, errors)
    return values
  }

  return {
    async open () {
      scripts = await loadScripts()
      for (const server of servers) instances.push(connectRedis(server, access, commandTimeoutMs))
      await Promise.all(instances.map(({ dialled }) => dialled)) // whoever asks at once would be told that nothing is connected yet
    },
    async close () {
      scripts = null
      for (const instance of instances.splice(0)) instance.close()
    },
    ...leadership(servers.length, askAll),
    ...documents(servers.length, ask, askAll),
    ...history(ask, prefix, historyMax),
    nextEntryId: createEntryIds(part)
  }
}

type Ask = (name: ScriptName, keys: readonly string[], args: readonly (string | number)[]) => Promise<readonly unknown[]>
type AskAll = (name: ScriptName, keys: readonly string[], args: readonly (string | number)[]) => readonly Promise<unknown>[]
type LeadAnswer = readonly ['renewed' | 'taken' | 'restored' | 'held' | 'free' | 'settling', string]

/** Clocks may differ in rate by up to one percent, and timers are a few milliseconds late. */
function clockMarginMs (durationMs: number): number {
  return durationMs / 100 + 5
}

function leadership (instances: number, askAll: AskAll): Pick<Store, 'lead' | 'resign'> {
  const quorum = majorityOf(instances)
  /** Two processes of one name are two. */
  const incarnation = randomUUID()
  const mine = ([answer]: LeadAnswer) => answer === 'renewed' || answer === 'taken' || answer === 'restored'

  /** Who holds it with a majority, somebody else than who asks. */
  function otherLeader (answers: readonly LeadAnswer[]): string | null {
    const holders = answers.flatMap(([answer, holder]) => answer === 'held' ? [holder] : [])
    const leader = holders.find(holder => holders.filter(one => one === holder).length >= quorum)
    return leader === undefined ? null : leader.slice(0, leader.lastIndexOf('/'))
  }

  async function resign (cluster: string, controller: string): Promise<void> {
    const { values, errors } = await gather(askAll('resign', [`lead:${cluster}`], [`${controller}/${incarnation}`]), answers => answers.length === instances)
    if (values.length < quorum) throw tooFew(instances, values.length, errors)
  }

  async function lead (cluster: string, controller: string, { ttlMs, want }: LeadRequest): Promise<Leadership> {
    const askedAtMs = monotonicMs()
    const asked = askAll('lead', [`lead:${cluster}`, 'dataset', 'settling'], [`${controller}/${incarnation}`, Math.floor(ttlMs), want]) as readonly Promise<LeadAnswer>[]
    const { values, errors } = await gather(asked, answers => answers.filter(mine).length >= quorum || otherLeader(answers) !== null)
    const untilMs = askedAtMs + ttlMs - clockMarginMs(ttlMs)
    if (values.filter(mine).length >= quorum && monotonicMs() < untilMs) return { leads: true, untilMs, restored: values.some(([answer]) => answer === 'restored') }
    const leader = otherLeader(values)
    if (leader !== null) return { leads: false, leader }
    if (values.length < quorum || values.some(([answer]) => answer === 'renewed' || answer === 'restored')) throw tooFew(instances, values.filter(mine).length, errors)
    // nobody has a majority: what was taken goes back, so that the next try of anybody may have one
    if (values.some(mine)) await resign(cluster, controller)
    return { leads: false, leader: null }
  }

  return { lead, resign }
}

function documents (instances: number, ask: Ask, askAll: AskAll): Pick<Store, 'intent' | 'setIntent' | 'memory' | 'setMemory'> {
  const quorum = majorityOf(instances)
  const read = async <T>(key: string) => (await ask('read', [key], ['body'])).flatMap(body => body === null ? [] : [JSON.parse(String(body)) as T])
  return {
    async intent (cluster) {
      const found = await read<Intent>(`intent:${cluster}`)
      return found.toSorted((a, b) => b.version - a.version)[0] ?? { version: 0, paused: null }
    },
    async setIntent (cluster, intent) {
      const asked = askAll('set-intent', [`intent:${cluster}`], [intent.version, JSON.stringify(intent)])
      const { values, errors } = await gather(asked, answers => answers.filter(answer => answer === 'stored').length >= quorum)
      if (values.filter(answer => answer === 'stored').length >= quorum) return
      if (values.includes('conflict')) throw new StoreConflictError(cluster)
      throw tooFew(instances, values.length, errors)
    },
    async memory (cluster) {
      const found = await read<Memory>(`memory:${cluster}`)
      return found.toSorted((a, b) => b.term - a.term || b.sequence - a.sequence)[0] ?? null
    },
    async setMemory (cluster, memory) {
      await ask('set-memory', [`memory:${cluster}`], [memory.term, memory.sequence, JSON.stringify(memory)])
    }
  }
}

function history (ask: Ask, prefix: string, historyMax: number): Pick<Store, 'append' | 'history' | 'entry'> {
  const keyOf = (cluster: string | undefined) => cluster === undefined ? 'history' : `history:${cluster}`
  return {
    async append (entry) {
      const answers = await ask('append', ['history', 'entries', keyOf(entry.cluster), 'happenings'], [entry.id, JSON.stringify(entry), entry.cluster, historyMax, `${prefix}history:`, entry.happening ?? ''])
      return answers.includes(1)
    },
    async history ({ cluster, before, limit }) {
      const answers = await ask('history', [keyOf(cluster), 'entries'], [before === undefined ? '+inf' : `(${before}`, limit])
      const found = new Map((answers as readonly (readonly string[])[]).flat().map(body => {
        const entry = JSON.parse(body) as HistoryEntry
        return [entry.id, entry]
      }))
      return eachHappeningOnce([...found.values()].toSorted((a, b) => b.id - a.id)).slice(0, limit)
    },
    async entry (id) {
      const body = (await ask('read', ['entries'], [id])).find(found => found !== null)
      return body === undefined ? null : JSON.parse(String(body)) as HistoryEntry
    }
  }
}

/** Instances that were away while one entry was appended may have taken another one of the same happening: the first one counts. */
function eachHappeningOnce (newestFirst: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const firsts = new Map(newestFirst.map(({ happening, id }) => [happening, id]))
  return newestFirst.filter(({ happening, id }) => happening === undefined || firsts.get(happening) === id)
}

const ID_EPOCH_MS = Date.parse('2025-01-01T00:00:00Z')
const ID_PARTS = 4_096

/** Milliseconds since 2025 and the controller's part: below 2^53 until 2094, and growing also when the wall clock goes back. */
function createEntryIds (part: number): () => number {
  let last = 0
  return () => {
    last = Math.max((wallClock().getTime() - ID_EPOCH_MS) * ID_PARTS + part, last + ID_PARTS)
    return last
  }
}
