import { readFile } from 'node:fs/promises'
import { execa } from 'execa'
import type { HostPlan } from '../testbed/plan.ts'
import { processNameOf } from '../testbed/product.ts'
import { processesIn } from '../testbed/processes.ts'

const TIMEOUT_MS = 5_000
let ticksPerSecond: Promise<number> | null = null

/** What the agent and the servers of a host have used of the processor since they started, in milliseconds (proc(5), fields 14 and 15). */
export async function processorMs (host: HostPlan): Promise<number> {
  ticksPerSecond ??= execa('getconf', ['CLK_TCK'], { timeout: TIMEOUT_MS, stdin: 'ignore' }).then(({ stdout }) => Number(stdout))
  const found = (await processesIn(host.namespace)).filter(process => process.inside && processNameOf(process) !== null)
  const ticks = await Promise.all(found.map(async ({ pid }) => {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  }))
  return ticks.reduce((total, one) => total + one, 0) / await ticksPerSecond * 1_000
}
