import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunMode, ServerConfig } from '../../../../protocol/cluster.ts'

export interface Stage {
  readonly folder: string
  readonly server: ServerConfig
  /** A real process that looks like the server; resolves to its pid. */
  startProcess (): Promise<number>
  end (): Promise<void>
}

/** Files of one server, and processes with its command line, for the run modes that start nothing themselves. */
export async function createStage (mode: RunMode): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'ovsdb-ha-run-'))
  const children: (() => Promise<void>)[] = []
  const server: ServerConfig = {
    name: 'nb',
    database: 'OVN_Northbound',
    schemaFile: '/usr/share/ovn/ovn-nb.ovsschema',
    listen: { method: 'tcp', port: 6641 },
    replicationPort: 16641,
    run: { mode, program: ['ovsdb-server'], unit: 'ovsdb-nb.service', control: 'appctl' },
    controlSocket: join(folder, 'nb.ctl'),
    databaseSocket: join(folder, 'nb.sock'),
    databaseFile: join(folder, 'nb.db'),
    logFile: join(folder, 'nb.log'),
    pidFile: join(folder, 'nb.pid'),
    marker: null,
    connections: null,
    tls: null
  }
  return {
    folder,
    server,
    async startProcess () {
      const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', '--', `--unixctl=${server.controlSocket}`], { stdio: ['pipe', 'ignore', 'ignore'] })
      await once(child, 'spawn')
      children.push(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGKILL')
        await once(child, 'exit')
      })
      if (child.pid === undefined) throw new Error('no process')
      return child.pid
    },
    async end () {
      for (const end of children.splice(0)) await end()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
