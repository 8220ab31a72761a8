import type { Command } from 'commander'
import type { ServiceManager } from '../../protocol/service-manager.ts'
import type { CliContext } from '../context.ts'
import { withConfigFile } from './config-file.ts'

interface ControllerMain {
  readonly startController: (options: { readonly configFile: string, readonly serviceManager: ServiceManager }) => Promise<unknown>
}

/** `ovsdb-ha controller --config FILE`: the daemon that decides. */
export function registerController (program: Command, { serviceManager }: CliContext): void {
  program.command('controller')
    .description('run the controller')
    .requiredOption('--config <file>', 'the cluster.yaml')
    .action(async ({ config }: { readonly config: string }) => {
      const { startController } = await import(new URL('../../controller/main.ts', import.meta.url).href) as ControllerMain
      await withConfigFile(config, async () => startController({ configFile: config, serviceManager: await serviceManager() }))
    })
}
