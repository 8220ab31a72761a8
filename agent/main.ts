// The agent process: configuration in, units and API out. The only place that reads files of configuration and signals.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { pino, type Logger } from 'pino'
import { Registry } from 'prom-client'
import packageJson from '../package.json' with { type: 'json' }
import { loadCertificate } from '../protocol/certificate-check.ts'
import { dataMembers, type ClusterConfig, type Config } from '../protocol/cluster.ts'
import { requireConfig } from '../protocol/config.ts'
import type { ServiceManager } from '../protocol/service-manager.ts'
import { createCheckServer } from './api/check-server.ts'
import { createAgentApi } from './api/server.ts'
import { wallClock } from './clock.ts'
import { claimStateDirectory, listenError } from './one-agent.ts'
import { NoSuchNodeError, NothingToDoError } from './start-errors.ts'
import { createUnit, type Unit } from './unit.ts'
import { createWatchdog, type Watchdog } from './watchdog.ts'

export interface AgentOptions {
  readonly configFile: string
  readonly node: string
  readonly serviceManager: ServiceManager
}

/** A process that cannot be stopped in order within this long ends anyway; servers and guard do not depend on it. */
const STOP_DEADLINE_MS = 5_000

/** Runs until SIGTERM or SIGINT. Servers keep running and serving: a new agent finds them within the lease and changes nothing. */
export async function startAgent ({ configFile, node, serviceManager }: AgentOptions): Promise<void> {
  const { config, warnings } = requireConfig(await readFile(configFile, 'utf8'), configFile)
  const logger = pino({ base: { process: 'agent', node }, timestamp: pino.stdTimeFunctions.isoTime })
  for (const warning of warnings) logger.warn({ path: warning.path }, warning.message)
  const self = config.nodes.find(one => one.name === node)
  if (self === undefined) throw new NoSuchNodeError(node, configFile, config.nodes.map(one => one.name))
  const clusters = config.clusters.filter(cluster => cluster.members.some(member => member.name === node))
  if (clusters.length === 0) throw new NothingToDoError(node, configFile)
  const tls = config.tls === null ? null : await loadCertificate(config.tls, node, path => readFile(path, 'utf8'), wallClock().getTime())
  const claim = await claimStateDirectory(config.agent.stateDirectory, node)
  const bootId = randomUUID()
  const ended = Promise.withResolvers<Error | null>()
  const units = clusters.map(cluster => createUnit({ config, cluster, node, bootId, tls, logger, onInvariantBroken: ended.resolve }))
  const api = createAgentApi({
    units: new Map(units.map(unit => [unit.shell.cluster, unit.shell])),
    rescues: new Map(units.flatMap(({ shell, rescues }) => rescues === null ? [] : [[shell.cluster, rescues]])),
    maintenance: new Map(units.flatMap(({ shell, maintenance }) => maintenance === null ? [] : [[shell.cluster, maintenance]])),
    statistics: new Map(units.flatMap(({ shell, statistics }) => statistics === null ? [] : [[shell.cluster, statistics]])),
    node,
    version: packageJson.version,
    tls,
    allowedPeers: [...config.nodes.map(one => one.name), config.controller.name, ...config.controller.others.map(one => one.name)],
    reportEveryMs: Math.min(...clusters.map(cluster => cluster.timing.reportEveryMs)),
    logger,
    registry: new Registry()
  })
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ended.resolve(null))
  const checks = units.flatMap(({ shell }) => checkPorts(clusters, shell.cluster, node).map(port => ({ port, server: createCheckServer({ unit: shell, node, logger }) })))
  const watchdog = createWatchdogOf(config, clusters, units)
  const stop = async (): Promise<void> => {
    await Promise.all([api, ...checks.map(({ server }) => server)].map(server => server.close()))
    await Promise.all(units.map(unit => unit.stop()))
    await claim.release()
  }
  try {
    await api.listen({ host: self.address, port: self.agentPort }).catch((error: unknown) => { throw listenError(error, { node, address: self.address, port: self.agentPort }) })
    for (const { port, server } of checks) await server.listen({ host: self.address, port }).catch((error: unknown) => { throw listenError(error, { node, address: self.address, port }) })
    for (const unit of units) await unit.start()
    await watchdog?.start()
    await serviceManager.ready(units.map(unit => unit.shell.beat))
  } catch (error) {
    await stopInOrder(stop, logger) // what cannot start whole does not stay half started
    throw error
  }
  logger.info({ address: self.address, port: self.agentPort, clusters: clusters.map(cluster => cluster.name), tls: tls !== null }, 'agent started')

  const failure = await ended.promise
  await stopInOrder(async () => {
    const told = serviceManager.stopping()
    if (failure === null) await watchdog?.stop() // after a bug of ours the device goes on counting: a new agent has that long
    await stop()
    await told
  }, logger)
  if (failure !== null) throw failure
  logger.info('agent stopped; its servers were left as they are')
}

/** Where load balancers ask without a certificate; not at a witness, which never serves. */
function checkPorts (clusters: readonly ClusterConfig[], name: string, node: string): readonly number[] {
  const cluster = clusters.find(one => one.name === name)
  if (cluster === undefined || dataMembers(cluster).every(member => member.name !== node)) return []
  return cluster.endpoints.flatMap(endpoint => endpoint.type === 'http' && endpoint.checkPort !== null ? [endpoint.checkPort] : [])
}

function createWatchdogOf (config: Config, clusters: readonly ClusterConfig[], units: readonly Unit[]): Watchdog | null {
  if (config.agent.watchdog === null) return null
  return createWatchdog({
    device: config.agent.watchdog,
    everyMs: Math.min(...clusters.map(cluster => cluster.timing.renewEveryMs)),
    beats: units.map(unit => unit.shell.beat),
    onProblem: message => { for (const unit of units) unit.onProblem('watchdog', message) }
  })
}

async function stopInOrder (stop: () => Promise<void>, logger: Logger): Promise<void> {
  const timer = setTimeout(() => {
    logger.error({ deadlineMs: STOP_DEADLINE_MS }, 'the agent did not stop in order and ends anyway')
    process.exit(1)
  }, STOP_DEADLINE_MS)
  await stop()
  clearTimeout(timer)
}
