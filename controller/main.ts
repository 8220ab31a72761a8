// The controller process: configuration in, one shell per cluster and the REST API out.
import { readFile } from 'node:fs/promises'
import { pino, type Logger } from 'pino'
import type { HistoryEntry } from '../protocol/api.ts'
import { certificateReason, loadCertificate, type CertificateTexts } from '../protocol/certificate-check.ts'
import { dataMembers, type ClusterConfig, type Config, type FenceConfig, type MemberConfig } from '../protocol/cluster.ts'
import { requireConfig } from '../protocol/config.ts'
import { configDigest } from '../protocol/config-digest.ts'
import type { ServiceManager } from '../protocol/service-manager.ts'
import packageJson from '../package.json' with { type: 'json' }
import { createControllerApi, type ControllerApiOptions } from './api/api.ts'
import type { Token } from './api/auth.ts'
import { wallClock } from './clock.ts'
import { createFairShare } from './fair-share.ts'
import { createFenceDevice } from './link/fence-device.ts'
import type { AgentAddress } from './link/agent-requests.ts'
import { createHttpAgentLink } from './link/http-agent-link.ts'
import { createHttpMaintenanceLink } from './link/http-maintenance-link.ts'
import { createHttpRescueLink } from './link/http-rescue-link.ts'
import { createControllerMetrics } from './metrics.ts'
import { createClusterShell } from './shell.ts'
import { listenError } from './start-errors.ts'
import { openStore } from './open-store.ts'
import { createRescueDesk } from './rescue-desk.ts'
import { createTurns } from './turns.ts'
import { createUpkeep, type Upkeep } from './upkeep.ts'

export interface ControllerOptions {
  readonly configFile: string
  readonly serviceManager: ServiceManager
}

const STOP_DEADLINE_MS = 5_000

/** Runs until SIGTERM or SIGINT; leadership is given back first, and the clusters go on serving without it. */
export async function startController ({ configFile, serviceManager }: ControllerOptions): Promise<void> {
  const { config, warnings } = requireConfig(await readFile(configFile, 'utf8'), configFile)
  const { controller } = config
  const logger = pino({ base: { process: 'controller', controller: controller.name }, timestamp: pino.stdTimeFunctions.isoTime })
  for (const warning of warnings) logger.warn({ path: warning.path }, warning.message)
  const tls = config.tls === null ? null : await loadCertificate(config.tls, controller.name, path => readFile(path, 'utf8'), wallClock().getTime())
  const tokens: readonly Token[] = await Promise.all(controller.tokens.map(async ({ name, role, file }) => ({ name, role, token: (await readFile(file, 'utf8')).trim() })))
  const metrics = createControllerMetrics({ version: packageJson.version, certificate: tls?.cert ?? null })
  const store = await openStore(controller)
  const share = createFairShare()
  const turns = createTurns({ atOnce: controller.recoveriesAtOnce })
  const listeners = new Set<(entry: HistoryEntry) => void>()
  const shells = config.clusters.map(cluster => createClusterShell({
    config: { cluster, controller: controller.name, configDigest: configDigest(cluster), fencing: Object.fromEntries(fencesOf(config, cluster).map(({ name, fence: { delayMs, afterwards } }) => [name, { delayMs, afterwards }])) },
    fenceDevices: new Map(fencesOf(config, cluster).map(({ name, fence }) => [name, createFenceDevice(name, fence)])),
    links: cluster.members.map(member => createHttpAgentLink(linkOptions(cluster, member, tls))),
    store,
    share,
    urlOf: other => controller.others.find(one => one.name === other)?.url ?? null,
    turns,
    metrics,
    logger,
    onHistory: entry => { for (const listener of listeners) listener(entry) }
  }))
  const rescueLinks = config.clusters.map(cluster => dataMembers(cluster).map(member => createHttpRescueLink(linkOptions(cluster, member, tls))))
  const upkeep = config.clusters.flatMap((cluster, at) => shells[at] === undefined ? [] : [createUpkeep({ cluster, host: shells[at], links: dataMembers(cluster).map(member => createHttpMaintenanceLink(linkOptions(cluster, member, tls))), replayLinks: rescueLinks[at] ?? [], metrics, logger })])
  const api = createControllerApi({
    clusters: new Map(shells.map(shell => [shell.name, shell])),
    rescues: new Map(config.clusters.map((cluster, index) => [cluster.name, createRescueDesk({ cluster, links: rescueLinks[index] ?? [], view: () => shells[index]?.view() ?? { active: null, term: 0 } })])),
    ...desksOf(upkeep),
    store,
    onHistory: listener => {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    tokens,
    registry: metrics.registry,
    logger,
    tls,
    certificateReason: () => certificateReason(tls, controller.name, wallClock().getTime()),
    version: packageJson.version
  })
  await runUntilSignalled({
    async start () {
      await Promise.all(shells.map(shell => shell.start()))
      await Promise.all(upkeep.map(one => one.start()))
      await api.listen({ host: controller.listen, port: controller.port }).catch((error: unknown) => { throw listenError(error, controller) })
      logger.info({ listen: controller.listen, port: controller.port, clusters: config.clusters.map(cluster => cluster.name), tls: tls !== null }, 'controller started')
    },
    async stop () {
      await Promise.all(upkeep.map(one => one.stop()))
      await Promise.all(shells.map(shell => shell.stop()))
      turns.stop()
      await api.close()
      await Promise.all(rescueLinks.flat().map(link => link.stop()))
      await store.close()
    },
    beats: shells.map(shell => shell.beat)
  }, serviceManager, logger)
}

interface Parts {
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly beats: ReadonlyArray<() => Promise<void>>
}

async function runUntilSignalled ({ start, stop, beats }: Parts, serviceManager: ServiceManager, logger: Logger): Promise<void> {
  const ended = Promise.withResolvers<null>()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ended.resolve(null))
  try {
    await start()
  } catch (error) {
    await stopInOrder(stop, logger) // one that nobody can ask must not lead either
    throw error
  }
  await serviceManager.ready(beats)
  await ended.promise
  await stopInOrder(async () => {
    const told = serviceManager.stopping()
    await stop()
    await told
  }, logger)
  logger.info('controller stopped; the clusters go on serving')
}

/** By cluster, as the API has them. */
function desksOf (upkeep: readonly Upkeep[]): Pick<ControllerApiOptions, 'upgrades' | 'snapshots' | 'schedules' | 'restores' | 'verifiers'> {
  return {
    upgrades: new Map(upkeep.map(({ cluster, upgrades }) => [cluster, upgrades])),
    snapshots: new Map(upkeep.map(({ cluster, snapshots }) => [cluster, snapshots])),
    schedules: new Map(upkeep.map(({ cluster, scheduler }) => [cluster, scheduler])),
    restores: new Map(upkeep.map(({ cluster, restores }) => [cluster, restores])),
    verifiers: new Map(upkeep.map(({ cluster, verifier }) => [cluster, verifier]))
  }
}

function linkOptions (cluster: ClusterConfig, member: MemberConfig, tls: CertificateTexts | null): AgentAddress {
  return { cluster: cluster.name, node: member.name, url: agentUrl(member, tls), tls, silentAfterMs: silentAfterMs(cluster) }
}

function fencesOf ({ nodes }: Config, { members }: ClusterConfig): ReadonlyArray<{ readonly name: string, readonly fence: FenceConfig }> {
  return nodes.flatMap(({ name, fence }) => fence !== null && members.some(member => member.name === name) ? [{ name, fence }] : [])
}

/** The stream's heartbeat may be late by a little; a silent stream is lost well before the node is suspected. */
function silentAfterMs ({ timing }: ClusterConfig): number {
  return Math.max(timing.reportEveryMs * 2, timing.suspectAfterMs - timing.reportEveryMs)
}

function agentUrl ({ address, agentPort }: MemberConfig, tls: CertificateTexts | null): string {
  return `${tls === null ? 'http' : 'https'}://${address.includes(':') ? `[${address}]` : address}:${agentPort}`
}

async function stopInOrder (stop: () => Promise<void>, logger: Logger): Promise<void> {
  const timer = setTimeout(() => {
    logger.error({ deadlineMs: STOP_DEADLINE_MS }, 'the controller did not stop in order and ends anyway')
    process.exit(1)
  }, STOP_DEADLINE_MS)
  await stop()
  clearTimeout(timer)
}
