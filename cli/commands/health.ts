import { readFile } from 'node:fs/promises'
import { Argument, type Command } from 'commander'
import { CertificateUnusableError, loadCertificate } from '../../protocol/certificate-check.ts'
import type { Config } from '../../protocol/cluster.ts'
import { requireConfig } from '../../protocol/config.ts'
import { UnhealthyError, UsageError } from '../cli-errors.ts'
import { wallClock } from '../clock.ts'
import type { CliContext } from '../context.ts'
import { askHandshake, askHealth, isExpired } from '../health.ts'
import { withConfigFile } from './config-file.ts'
import { addNodeOptions, nodeName, type NodeOptions } from './node-name.ts'

interface HealthOptions extends NodeOptions {
  readonly config: string
  readonly ready?: boolean
}

/** `ovsdb-ha health agent|controller --config FILE`: what a container's health check asks the daemon beside it, with the daemon's own certificate. */
export function registerHealth (program: Command, context: CliContext): void {
  addNodeOptions(program.command('health')
    .description('ask the daemon of this host whether it lives (exit code 0), for health checks')
    .addArgument(new Argument('<daemon>', 'which').choices(['agent', 'controller']))
    .requiredOption('--config <file>', 'the cluster.yaml'))
    .option('--ready', 'also whether it is ready')
    .action(async (daemon: 'agent' | 'controller', options: HealthOptions) => {
      await withConfigFile(options.config, async () => {
        const { config } = requireConfig(await readFile(options.config, 'utf8'), options.config)
        const place = daemon === 'agent' ? agentPlace(config, await nodeName(options, context.environment)) : controllerPlace(config)
        const said = options.ready === true ? await ask(config, daemon, place, '/readyz') : await ask(config, daemon, place, '/healthz').catch(async (error: unknown) => await shakesHands(place, error))
        context.out(`${daemon} ${place.name}: ${said}`)
      })
    })
}

async function ask ({ tls: files }: Config, daemon: string, { name, address, port }: Place, path: '/readyz' | '/healthz'): Promise<string> {
  const tls = files === null ? null : await loadCertificate(files, name, file => readFile(file, 'utf8'), wallClock().getTime())
  const { status, body } = await askHealth({ address, port, path, name, tls })
  if (status !== 200) throw new UnhealthyError(`${daemon} ${name}`, body)
  return path === '/readyz' ? 'ready' : 'alive'
}

/**
 * A certificate that cannot be used any more makes a daemon not ready. It lives all the same, and a service manager that ended it for that
 * would end what it serves; all of them at one time, since certificates expire together. A handshake is proof enough then.
 */
async function shakesHands (place: Place, error: unknown): Promise<string> {
  if (!(error instanceof CertificateUnusableError) && !isExpired(error)) throw error
  await askHandshake(place)
  return `alive, and not ready: ${error.message}`
}

interface Place {
  readonly name: string
  readonly address: string
  readonly port: number
}

function controllerPlace ({ controller: { name, listen, port } }: Config): Place {
  return { name, address: dialled(listen), port }
}

function agentPlace (config: Config, node: string): Place {
  const self = config.nodes.find(one => one.name === node)
  if (self === undefined) throw new UsageError(`The file has no node ${node}`, `Give one of ${config.nodes.map(one => one.name).join(', ')}.`)
  return { name: node, address: self.address, port: self.agentPort }
}

/** Every address of the host is no address that can be dialled. */
function dialled (address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}
