import { Option, type Command } from 'commander'
import type { ServiceManager } from '../../protocol/service-manager.ts'
import type { CliContext } from '../context.ts'
import { withConfigFile } from './config-file.ts'

/** What `agent/main.ts` exports for us; loaded only when asked for, since nobody who asks for a status needs an agent. */
interface AgentMain {
  readonly startAgent: (options: { readonly configFile: string, readonly node: string, readonly serviceManager: ServiceManager }) => Promise<unknown>
}

/** `ovsdb-ha agent --config FILE --node NAME`: the daemon of one node. */
export function registerAgent (program: Command, { serviceManager }: CliContext): void {
  program.command('agent')
    .description('run the agent of one node (root; one per node)')
    .requiredOption('--config <file>', 'the cluster.yaml')
    .addOption(nodeOption())
    .action(async ({ config, node }: { readonly config: string, readonly node: string }) => {
      const { startAgent } = await import(new URL('../../agent/main.ts', import.meta.url).href) as AgentMain
      await withConfigFile(config, () => startAgent({ configFile: config, node, serviceManager: serviceManager() }))
    })
}

/** Which node this host is; in a container, the environment says it. */
export function nodeOption (): Option {
  return new Option('--node <name>', 'this node\'s name in it').env('OVSDB_HA_NODE').makeOptionMandatory()
}
