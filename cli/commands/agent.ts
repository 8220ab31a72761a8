import type { Command } from 'commander'
import type { ServiceManager } from '../../protocol/service-manager.ts'
import type { CliContext } from '../context.ts'
import { withConfigFile } from './config-file.ts'
import { addNodeOptions, nodeName, type NodeOptions } from './node-name.ts'

/** What `agent/main.ts` exports for us; loaded only when asked for, since nobody who asks for a status needs an agent. */
interface AgentMain {
  readonly startAgent: (options: { readonly configFile: string, readonly node: string, readonly serviceManager: ServiceManager }) => Promise<unknown>
}

/** `ovsdb-ha agent --config FILE --node NAME`: the daemon of one node. */
export function registerAgent (program: Command, { serviceManager, environment }: CliContext): void {
  addNodeOptions(program.command('agent')
    .description('run the agent of one node (root; one per node)')
    .requiredOption('--config <file>', 'the cluster.yaml'))
    .action(async ({ config, ...options }: NodeOptions & { readonly config: string }) => {
      const node = await nodeName(options, environment)
      const { startAgent } = await import(new URL('../../agent/main.ts', import.meta.url).href) as AgentMain
      await withConfigFile(config, async () => startAgent({ configFile: config, node, serviceManager: await serviceManager() }))
    })
}
