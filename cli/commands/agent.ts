import type { Command } from 'commander'
import { withConfigFile } from './config-file.ts'

/** What `agent/main.ts` exports for us; loaded only when asked for, since nobody who asks for a status needs an agent. */
interface AgentMain {
  readonly startAgent: (options: { readonly configFile: string, readonly node: string }) => Promise<unknown>
}

/** `ovsdb-ha agent --config FILE --node NAME`: the daemon of one node. */
export function registerAgent (program: Command): void {
  program.command('agent')
    .description('run the agent of one node (root; one per node)')
    .requiredOption('--config <file>', 'the cluster.yaml')
    .requiredOption('--node <name>', 'this node\'s name in it')
    .action(async ({ config, node }: { readonly config: string, readonly node: string }) => {
      const { startAgent } = await import(new URL('../../agent/main.ts', import.meta.url).href) as AgentMain
      await withConfigFile(config, () => startAgent({ configFile: config, node }))
    })
}
