// What can happen to a testbed, how often and for how long; pure. A seed decides all of it: which fault, to whom, when and
// how long. Whom "the active" is, is looked up when it strikes, so the same seed gives the same schedule and not the same run.
import { createRandom, type Random } from '../sim/world.ts'

/** The testbed's lease (its default): a fault shorter than that must be survived in place, a longer one by a change. */
export const LEASE_MS = 2_000
/** So long faults are drawn in each round; then everything is healed and the cluster must converge. */
export const ROUND_MS = 40_000
/** At most this many faults last at one time, ... */
export const OPEN_MAX = 3
/** ... and at most so many that take a node out: a majority may be lost, and never for longer than the longest fault. */
export const HEAVY_OPEN_MAX = 2
export const FAULT_MAX_MS = 4 * LEASE_MS

/** `node`: an agent's host; `data`: one with servers; `redis`: one of the store's; `cluster`: all of them, or an operator's command. */
type Scope = 'node' | 'data' | 'controller' | 'redis' | 'cluster'
type Range = readonly [fromMs: number, toMs: number]

interface FaultKindPlan {
  readonly scope: Scope
  readonly weight: number
  /** Takes a node out while it lasts. */
  readonly heavy: boolean
  /** One of them; none when there is nothing to choose. */
  readonly variants: readonly string[]
  /** One of them; none: it is over at once. */
  readonly lasts: readonly Range[]
  /** Only where several controllers share a store of its own. */
  readonly shared?: boolean
}

const SHORT: Range = [50, LEASE_MS / 2]
const LONG: Range = [LEASE_MS, FAULT_MAX_MS]
const SERVER = ['nb', 'sb']
/** Longer than a leadership lasts without the store. */
const STORE_LONG: Range = [3 * LEASE_MS, 4 * LEASE_MS]

const KINDS = {
  serverKill: { scope: 'data', weight: 5, heavy: false, variants: SERVER, lasts: [] },
  serverStop: { scope: 'data', weight: 4, heavy: false, variants: SERVER, lasts: [SHORT, LONG] },
  agentStop: { scope: 'node', weight: 5, heavy: true, variants: [], lasts: [SHORT, LONG] },
  agentKill: { scope: 'node', weight: 4, heavy: true, variants: [], lasts: [SHORT, LONG] },
  controllerKill: { scope: 'controller', weight: 2, heavy: false, variants: [], lasts: [SHORT, LONG] },
  controllerStop: { scope: 'controller', weight: 2, heavy: false, variants: [], lasts: [SHORT, LONG] },
  cut: { scope: 'node', weight: 4, heavy: true, variants: [], lasts: [SHORT, LONG] },
  cutOneWay: { scope: 'node', weight: 4, heavy: true, variants: ['in', 'out'], lasts: [SHORT, LONG] },
  controllerCut: { scope: 'controller', weight: 2, heavy: false, variants: ['both', 'in', 'out'], lasts: [SHORT, LONG] },
  replicationCut: { scope: 'data', weight: 2, heavy: false, variants: [], lasts: [LONG] },
  diskFull: { scope: 'data', weight: 2, heavy: true, variants: [], lasts: [SHORT, LONG] },
  powerOff: { scope: 'node', weight: 2, heavy: true, variants: [], lasts: [SHORT, LONG] },
  blackout: { scope: 'cluster', weight: 1, heavy: true, variants: [], lasts: [SHORT, LONG] },
  selfPromotion: { scope: 'data', weight: 2, heavy: false, variants: SERVER, lasts: [] },
  compact: { scope: 'data', weight: 1, heavy: false, variants: SERVER, lasts: [] },
  switchover: { scope: 'cluster', weight: 5, heavy: false, variants: ['best', 'named'], lasts: [] },
  failover: { scope: 'cluster', weight: 1, heavy: false, variants: [], lasts: [] },
  forcedFailover: { scope: 'cluster', weight: 1, heavy: false, variants: [], lasts: [] },
  pause: { scope: 'cluster', weight: 1, heavy: false, variants: [], lasts: [SHORT, LONG] },
  controllerRestart: { scope: 'controller', weight: 2, heavy: false, variants: [], lasts: [SHORT, LONG], shared: true },
  controllersKill: { scope: 'cluster', weight: 1, heavy: false, variants: [], lasts: [SHORT, LONG], shared: true },
  redisKill: { scope: 'redis', weight: 3, heavy: false, variants: [], lasts: [SHORT, LONG], shared: true },
  redisStop: { scope: 'redis', weight: 3, heavy: false, variants: [], lasts: [SHORT, LONG], shared: true },
  redisCut: { scope: 'redis', weight: 2, heavy: false, variants: ['both', 'in', 'out'], lasts: [SHORT, LONG], shared: true },
  redisFlush: { scope: 'redis', weight: 2, heavy: false, variants: [], lasts: [], shared: true },
  storeFlush: { scope: 'cluster', weight: 1, heavy: false, variants: [], lasts: [], shared: true },
  storeStop: { scope: 'cluster', weight: 1, heavy: false, variants: [], lasts: [SHORT, STORE_LONG], shared: true }
} as const satisfies Readonly<Record<string, FaultKindPlan>>
export type FaultKind = keyof typeof KINDS

export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[]

/** What a testbed can be hit by: a store of its own is there to be hit, or not. */
export function kindsOf (kinds: readonly FaultKind[], { redis }: Pick<Layout, 'redis'>): readonly FaultKind[] {
  return redis.length > 0 ? kinds : kinds.filter(kind => !isShared(kind))
}

function isShared (kind: FaultKind): boolean {
  const { shared = false }: FaultKindPlan = KINDS[kind]
  return shared
}

/** Who is there to be hit. */
export interface Layout {
  readonly nodes: readonly string[]
  readonly dataNodes: readonly string[]
  readonly controllers: readonly string[]
  readonly redis: readonly string[]
  /** All of FAULT_KINDS, or the few that somebody looks into. */
  readonly kinds: readonly FaultKind[]
}

export interface PlannedFault {
  /** Since the round began. */
  readonly atMs: number
  readonly kind: FaultKind
  /** A host, or `active`, `backup` or `leader` as of the moment when it strikes. */
  readonly victim: string
  readonly variant: string | null
  readonly durationMs: number
}

/** The faults of one round, by their time. The rounds of a seed do not depend on each other. */
export function drawRound (layout: Layout, seed: number, round: number): readonly PlannedFault[] {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(round + 1, 0x85ebca6b))
  const faults: PlannedFault[] = []
  for (let atMs = random.whole(200, 1_500); atMs < ROUND_MS; atMs += pauseMs(random)) {
    const fault = drawFault(layout, random, atMs)
    if (fitsBudget(faults, fault)) faults.push(fault)
  }
  return faults
}

/** Mostly seconds, and now and then a second blow within the time that the first one's handling takes. */
function pauseMs (random: Random): number {
  return random.chance(0.25) ? random.whole(1, 150) : random.whole(500, 4_500)
}

function drawFault (layout: Layout, random: Random, atMs: number): PlannedFault {
  const kind = drawKind(layout.kinds, random)
  const { scope, variants, lasts }: FaultKindPlan = KINDS[kind]
  const victim = drawVictim(layout, scope, random)
  const [fromMs, toMs] = lasts.length === 0 ? [0, 0] as const : random.pick(lasts)
  return { atMs, kind, victim, variant: variants.length === 0 ? null : random.pick(variants), durationMs: random.whole(fromMs, toMs) }
}

function drawKind (kinds: readonly FaultKind[], random: Random): FaultKind {
  const total = kinds.reduce((sum, name) => sum + KINDS[name].weight, 0)
  let left = random.between(0, total)
  return kinds.find(name => (left -= KINDS[name].weight) < 0) ?? random.pick(kinds)
}

/** Faults should meet those who matter: the active more often than its share. */
function drawVictim (layout: Layout, scope: Scope, random: Random): string {
  if (scope === 'controller') return layout.controllers.length > 1 && random.chance(0.5) ? 'leader' : random.pick(layout.controllers)
  if (scope === 'redis') return random.pick(layout.redis)
  if (scope === 'cluster') return random.pick(layout.dataNodes)
  if (random.chance(0.45)) return 'active'
  if (random.chance(0.3)) return 'backup'
  return random.pick(scope === 'data' ? layout.dataNodes : layout.nodes)
}

function fitsBudget (before: readonly PlannedFault[], fault: PlannedFault): boolean {
  const open = before.filter(one => one.atMs + one.durationMs > fault.atMs)
  if (open.length >= OPEN_MAX) return false
  return !isHeavy(fault) || open.filter(isHeavy).length < HEAVY_OPEN_MAX
}

export function isHeavy ({ kind }: Pick<PlannedFault, 'kind'>): boolean {
  return KINDS[kind].heavy
}
