import type { Command } from 'commander'
import { UsageError } from '../cli-errors.ts'

interface DemoMain {
  readonly runDemo: (args: readonly string[]) => Promise<unknown>
}

/** `ovsdb-ha demo`: three hosts on this machine, a kill, a failover. Its arguments are its own. */
export function registerDemo (program: Command): void {
  program.command('demo')
    .description('three hosts with real servers on this machine, a kill, a failover (root)')
    .argument('[args...]', 'passed on, e.g. --keep')
    .allowUnknownOption()
    .action(async (args: readonly string[]) => {
      const { runDemo } = await load()
      await runDemo(args)
    })
}

async function load (): Promise<DemoMain> {
  const main = new URL('../../test/demo/main.ts', import.meta.url).href
  try {
    return await import(main) as DemoMain
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') throw new UsageError('This installation has no demo', 'Run it from a source checkout: npm run demo.')
    throw error
  }
}
