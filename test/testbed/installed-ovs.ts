// Open vSwitch of one host, where hosts do not share the machine's: programs that are replaced while servers run, as a
// package manager does it. A server goes on as it is until it is started anew.
import { mkdir, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ovsProgram } from './environment.ts'
import { HOST_DIRECTORY } from './host.ts'
import type { HostPlan } from './plan.ts'

const PROGRAMS = ['sbin/ovsdb-server', 'bin/ovsdb-tool', 'bin/ovsdb-client'] as const

/** What a host starts as its ovsdb-server, whichever version that is by now. */
export const INSTALLED_SERVER = `${HOST_DIRECTORY}/ovs/sbin/ovsdb-server`

export async function installOvs (host: HostPlan, ovs: '3.1' | '3.5'): Promise<void> {
  for (const program of PROGRAMS) {
    const file = path.join(host.directory, 'ovs', program)
    await mkdir(path.dirname(file), { recursive: true })
    const words = ovsProgram(ovs, program).map(word => `'${word}'`).join(' ')
    await writeFile(`${file}.new`, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 })
    await rename(`${file}.new`, file)
  }
}
