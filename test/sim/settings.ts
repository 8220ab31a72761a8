import type { ClusterConfig, FailoverConfig, MemberConfig, SchedulesConfig, SnapshotsConfig, TimingConfig } from '../../protocol/cluster.ts'
import type { FencePlan } from '../../controller/core/state.ts'
import type { ModeName } from './modes.ts'
import type { Random } from './world.ts'

/** What a seed decides before the first event: the cluster, how fast everything is, and how bad the world may get. */
export interface Settings {
  readonly mode: ModeName
  /** How fast clocks run: between these. */
  readonly clockRates: { readonly min: number, readonly max: number }
  /** This one's is the slowest and all others the fastest; null: each draws its own. */
  readonly slowClock: string | null
  readonly cluster: ClusterConfig
  readonly nodes: readonly string[]
  /** Who votes at the beginning. */
  readonly voters: readonly string[]
  /** Operators change the voters. */
  readonly voterChanges: boolean
  /** At that moment the voter files of these nodes are damaged, perhaps of all; null: one at a time, by chance. */
  readonly tornTogether: { readonly atMs: number, readonly nodes: readonly string[] } | null
  readonly dataNodes: readonly string[]
  readonly servers: readonly string[]
  readonly controllers: readonly string[]
  readonly guard: 'nftables' | 'vipLifetime'
  readonly slackMs: number
  readonly network: NetworkSettings
  readonly fsyncMs: number
  /** Share of local commands (promotions, gates, `ip`) that fail. */
  commandFailure: number
  /** Commands of this world take up to so long; the deadlines of the adapters bound it. A node may be slower than that. */
  readonly commandMs: number
  readonly slowNodes: Readonly<Record<string, number>>
  readonly replicationLagMs: number
  readonly resyncMs: number
  /** A database whose session ended dials again within this. */
  readonly redialMs: number
  readonly writeEveryMs: number
  /** Pause between two faults, on average. */
  readonly faultEveryMs: number
  /** Faults of the control plane only: whoever serves must go on serving. */
  readonly controlFaultsOnly: boolean
  /** Milliseconds decide: see drawSettings. */
  readonly race: boolean
  /** What powers nodes off and on; empty: nothing does. */
  readonly fences: Readonly<Record<string, FenceSettings>>
  /** Other clusters are failed over at the same time: a turn may have to be waited for. */
  readonly busyController: boolean
  /** Share of rescues that cannot be kept: the disk is full. */
  rescueFailure: number
  readonly safetyMs: number
  /** All waits of this life are so many times longer than those of a quick one; networks, disks and commands are not. */
  readonly pace: number
}

export interface NetworkSettings {
  readonly delayMinMs: number
  readonly delayMaxMs: number
  readonly loss: number
  readonly duplication: number
  /** All that is sent to this node is slow and the rest is quick; null: each link has a pace of its own. */
  readonly slowTo: string | null
}

/** A device that is slow, fails, or acts and cannot say so; it never lies. */
export interface FenceSettings {
  readonly plan: FencePlan
  readonly actMs: number
  readonly failure: number
}

/** Two data nodes without a witness survive no loss, and must say so, unless they have fence devices (S9): more of those in the mode `pair`. */
const SHAPES = [
  { data: 2, witnesses: 1 },
  { data: 2, witnesses: 1 },
  { data: 2, witnesses: 1 },
  { data: 3, witnesses: 0 },
  { data: 3, witnesses: 0 },
  { data: 5, witnesses: 0 },
  { data: 5, witnesses: 0 },
  { data: 2, witnesses: 0 }
] as const

/** Of three nodes two vote, at times: others are added and removed (`withMembership`). */
const PAIR_SHAPES = [
  { data: 2, witnesses: 0 },
  { data: 2, witnesses: 0 },
  { data: 3, witnesses: 0 },
  { data: 2, witnesses: 1 }
] as const

/** Any two of these are less than one percent apart, as docs/safety.md assumes. */
const RATES_WITHIN_MARGIN = { min: 0.995, max: 1.0049 }
const RATES_BEYOND_MARGIN = { min: 0.85, max: 1.15 }

/** Half of all lives are quick, and meet as much in less time; the others are those of clusters with leases of up to ten seconds. */
const PACES = [1, 1, 3, 5, 5] as const
const LEASE_MAX_MS = 10_000

/** Draws from a generator of its own: a quick life is the same life whatever the others are. */
export function drawPace (random: Random, mode: ModeName): number {
  return mode === 'normal' ? random.pick(PACES) : 1
}

export function drawSettings (random: Random, mode: ModeName, drawnPace: number): Settings {
  const pair = mode === 'pair'
  const drawn = random.pick(SHAPES)
  const shape = pair ? random.pick(PAIR_SHAPES) : drawn
  const names = Array.from({ length: shape.data + shape.witnesses }, (_, at) => `n${at + 1}`)
  const members: MemberConfig[] = names.map((name, at) => ({ name, address: `10.0.0.${at + 1}`, agentPort: 7000, priority: random.whole(0, 1), witness: at >= shape.data }))
  // a world where milliseconds decide: everything local is quick, some links are slow, leases are short, guards exact
  const race = random.chance(0.2)
  const quick = { ...drawTiming(random), ...(race ? { leaseMs: 800, renewEveryMs: 100, suspectAfterMs: 250, reportEveryMs: 100, coldStartWaitMs: 0, maxLagHeartbeats: 3 } : {}) }
  const pace = race ? 1 : Math.min(drawnPace, LEASE_MAX_MS / quick.leaseMs)
  const timing = slower(quick, pace)
  const beyond = mode === 'clocksBeyondMargin'
  const guard = race || beyond || random.chance(0.4) ? 'nftables' : 'vipLifetime'
  const controlFaultsOnly = !race && random.chance(0.15)
  const commandMs = race ? 2 : random.pick([5, 20, 150])
  return {
    mode,
    clockRates: beyond ? RATES_BEYOND_MARGIN : RATES_WITHIN_MARGIN,
    slowClock: beyond ? random.pick(names.slice(0, shape.data)) : null,
    cluster: { name: 'sim', members, servers: [], endpoints: [], timing, guard: guard === 'nftables' ? 'nftables' : 'none', rescue: { directory: '', maxFiles: 1, maxBytes: 1, maxAgeMs: 1 }, failover: drawFailover(random, pace), snapshots: NO_SNAPSHOTS, schedules: NO_SCHEDULES, companions: [] },
    nodes: names,
    voters: names,
    voterChanges: false,
    tornTogether: null,
    dataNodes: names.slice(0, shape.data),
    servers: random.chance(0.35) ? ['nb', 'sb'] : ['nb'],
    controllers: random.chance(0.4) ? ['c1', 'c2'] : ['c1'],
    guard,
    slackMs: guard === 'nftables' ? 50 : 2_000,
    network: race ? { delayMinMs: 0.1, delayMaxMs: random.between(200, 760), loss: 0, duplication: 0, slowTo: random.pick(names.slice(0, shape.data)) } : drawNetwork(random, controlFaultsOnly),
    fsyncMs: race ? 0.5 : random.pick([0.5, 4, 30]),
    commandFailure: race || random.chance(0.6) ? 0 : random.between(0, 0.15),
    commandMs,
    slowNodes: Object.fromEntries(names.filter(() => !race && random.chance(0.2)).map(name => [name, random.pick([2, 10, 40])])),
    replicationLagMs: race ? 1 : random.pick([1, 20, 400]),
    resyncMs: race ? 20 : pace * random.pick([20, 200, 1_500]),
    redialMs: race ? 250 : pace * random.pick([250, 250, 1_000, 8_000]),
    writeEveryMs: pace * random.pick([50, 120, 400]),
    faultEveryMs: race ? 2_500 : pace * random.pick([700, 2_000, 5_000]),
    controlFaultsOnly,
    race,
    fences: random.chance(0.35) || pair ? Object.fromEntries(names.slice(0, shape.data).map(name => [name, drawFence(random)])) : {},
    busyController: random.chance(0.3),
    rescueFailure: random.chance(0.7) ? 0 : random.between(0, 0.5),
    safetyMs: 45_000 * pace,
    pace
  }
}

function drawFence (random: Random): FenceSettings {
  return {
    plan: { delayMs: random.pick([0, 0, 100, 1_500]), afterwards: random.pick(['off', 'on']) },
    actMs: random.pick([5, 50, 400, 5_000]),
    failure: random.pick([0, 0.3, 1])
  }
}

/** Jobs at set times are apart from the state that decides who serves, and ask for no more than operators do. */
const NO_SNAPSHOTS: SnapshotsConfig = { directory: '', maxSnapshots: 1, maxBytes: 1, hook: [], hookTimeoutMs: 1 }
const NO_SCHEDULES: SchedulesConfig = { timezone: 'UTC', jitterMs: 0, startWithinMs: 0, snapshot: null, audit: null, compaction: null, drill: null }

/** The hour of a budget is shorter here than a life, and longer than a life: both ends are met. */
function drawFailover (random: Random, pace: number): FailoverConfig {
  return { budgetFailovers: random.pick([1, 2, 4, 100]), budgetWindowMs: pace * random.pick([10_000, 40_000, 600_000]), lockoutMs: pace * random.pick([0, 5_000, 20_000, 600_000]) }
}

/** The same proportions, so many times slower. */
export function slower (timing: TimingConfig, pace: number): TimingConfig {
  const { maxLagHeartbeats, ...waits } = timing
  const slow = Object.fromEntries(Object.entries(waits).map(([name, ms]) => [name, Math.round(ms * pace)])) as typeof waits
  return { ...slow, maxLagHeartbeats }
}

function drawTiming (random: Random): TimingConfig {
  const leaseMs = random.pick([500, 800, 1_500, 2_000, 3_000])
  const reportEveryMs = random.pick([100, 250])
  const suspectAfterMs = Math.max(2 * reportEveryMs, random.pick([250, 500, 1_000, 2_000]))
  return {
    leaseMs,
    renewEveryMs: Math.floor(leaseMs / random.pick([3, 3.5, 5])),
    reportEveryMs,
    suspectAfterMs,
    probeEveryMs: random.pick([150, 250, 500]),
    hungAfterMs: 1_000,
    busyAfterMs: 20_000,
    heartbeatEveryMs: random.pick([250, 500, 1_000]),
    maxLagHeartbeats: random.pick([0, 1, 2, 3]),
    handoverDeadlineMs: 2_000,
    promoteDeadlineMs: random.pick([3_000, 5_000]),
    resyncDeadlineMs: 10_000,
    endpointLingerMs: Math.min(200, leaseMs),
    commandTimeoutMs: 2_000,
    coldStartWaitMs: random.pick([0, 1_000, 3_000])
  }
}

function drawNetwork (random: Random, calm: boolean): NetworkSettings {
  const delayMaxMs = calm ? random.pick([1, 5]) : random.pick([0.3, 1, 5, 5, 60, 300, 700])
  return {
    delayMinMs: random.between(0.05, Math.min(2, delayMaxMs / 2)),
    delayMaxMs,
    loss: calm || random.chance(0.5) ? 0 : random.between(0, 0.45),
    duplication: random.chance(0.5) ? 0 : random.between(0, 0.1),
    slowTo: null
  }
}
