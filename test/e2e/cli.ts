// The operator's command as an operator runs it: a process of its own, told where the controller is and nothing else.
import path from 'node:path'
import { execa } from 'execa'
import { tokenFilePath } from '../testbed/cluster-file.ts'
import { type TestbedPlan } from '../testbed/plan.ts'

const MAIN = path.resolve(import.meta.dirname, '../../cli/main.ts')
/** A switchover answers when it has ended, a comparison when every table was read; a shared machine may need longer still. */
const TIMEOUT_MS = Math.max(60_000, Number(process.env.OVSDB_HA_E2E_DEADLINE_MS ?? 0))

export interface CliResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export async function ovsdbHa (plan: TestbedPlan, url: string, args: readonly string[]): Promise<CliResult> {
  const result = await execa(process.execPath, [MAIN, ...args, '--server', url, '--token-file', tokenFilePath(plan)], {
    stdin: 'ignore', timeout: TIMEOUT_MS, reject: false, extendEnv: false, env: { PATH: '/usr/bin:/bin' }
  })
  if (result.exitCode === undefined) throw new Error(`ovsdb-ha ${args.join(' ')} did not end by itself: ${result.shortMessage ?? ''}`, { cause: result })
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr }
}
