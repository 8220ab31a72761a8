// The only file of the command that knows the process it runs in.
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import type { CliContext } from './context.ts'

const { env, stdout, stderr } = process

// an agent that restarts must be back within its lease (ADR 4): types are stripped once, not at every start. Where the
// folder cannot be written it is merely slower. What a static import names is loaded before this line: so there is none
enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/ovsdb-ha'))
const { EXIT } = await import('./context.ts')
const { runCommand } = await import('./program.ts')

const environment: CliContext['environment'] = {
  server: env.OVSDB_HA_SERVER,
  token: env.OVSDB_HA_TOKEN,
  tokenFile: env.OVSDB_HA_TOKEN_FILE,
  caFile: env.OVSDB_HA_CA_FILE,
  node: env.OVSDB_HA_NODE,
  nodeFile: env.OVSDB_HA_NODE_FILE
}

// for this process alone: an ovsdb-server that an agent starts must not speak in its name
const { NOTIFY_SOCKET: notifySocket, WATCHDOG_USEC: watchdogMicroseconds, WATCHDOG_PID: watchdogPid } = env
for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]

const context: CliContext = {
  out: text => { stdout.write(`${text}\n`) },
  err: text => { stderr.write(`${text}\n`) },
  colour: stdout.isTTY === true && (env.NO_COLOR ?? '') === '',
  terminal: stdout.isTTY === true,
  // asked for only by commands that run on: all others, and the daemons, keep the signal's own meaning
  get interrupted () {
    const interrupt = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { interrupt.abort() })
    return interrupt.signal
  },
  nowMs: () => performance.now(),
  environment,
  async client (options) {
    const { connectTo } = await import('./connection.ts') // a daemon needs no HTTP client of ours
    return connectTo(options, environment)
  },
  async serviceManager () {
    const { createServiceManager } = await import('./service-manager.ts') // only a daemon has one
    return createServiceManager({ notifySocket, watchdogMicroseconds, watchdogPid, pid: process.pid, onProblem: message => { stderr.write(`${message}\n`) } })
  },
  setExitCode: code => { process.exitCode = code }
}

// a reader that has seen enough (| head) is no failure
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT.ok)
})

await runCommand(process.argv.slice(2), context, packageJson.version)
