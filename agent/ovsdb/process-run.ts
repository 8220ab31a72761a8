import { constants } from 'node:fs'
import { access, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa, type ExecaError } from 'execa'
import type { ServerConfig } from '../../protocol/cluster.ts'
import { logOffset } from './log-scan.ts'
import { signal, waitUntilGone } from '../process-handle.ts'
import { identify } from './process-identity.ts'
import { withoutOurDescriptors } from '../daemon-stdio.ts'
import { birthProblem, heartbeatFile, processArguments, toolBeside } from './server-command.ts'
import { ServerStartError } from './server-errors.ts'
import { killIdentified, START_DEADLINE_MS, STOP_DEADLINE_MS, type ServerProcess } from './supervisor.ts'

export interface ProcessRunOptions {
  readonly server: ServerConfig
  /** Databases, listeners and source of a server that is born a backup on the placeholder: the role driver's. */
  readonly birthArguments: () => Promise<readonly string[]>
  /** Schema file of the heartbeat database. */
  readonly heartbeatSchemaFile: string
}

/**
 * The agent starts ovsdb-server itself, detached: own session, none of our descriptors, so that an agent that restarts or
 * dies never touches it, and a later agent adopts it.
 */
export function createProcessRun (options: ProcessRunOptions): ServerProcess {
  const { server } = options
  return {
    mode: 'process',
    async start () {
      let args: readonly string[]
      try {
        await makeFolders(server)
        await ensureDatabaseFile(server, server.databaseFile, server.schemaFile)
        await ensureDatabaseFile(server, heartbeatFile(server), options.heartbeatSchemaFile)
        args = [...processArguments(server), ...await options.birthArguments()]
      } catch (cause) {
        throw new ServerStartError(server.name, wordsOf(cause), { cause })
      }
      const problem = birthProblem([...server.run.program, ...args])
      if (problem !== null) throw new ServerStartError(server.name, problem)
      await launch(server, args)
    },
    async stop () {
      const found = await identify(server)
      if (!found.found) return
      await signal(found.process, 'SIGTERM')
      if (!(await waitUntilGone(found.process, STOP_DEADLINE_MS))) await killIdentified(server.name, server)
    },
    kill: () => killIdentified(server.name, server),
    identify: () => identify(server)
  }
}

async function makeFolders (server: ServerConfig): Promise<void> {
  const files = [server.controlSocket, server.databaseSocket, server.databaseFile, server.logFile, server.pidFile]
  for (const folder of new Set(files.map(file => dirname(file)))) await mkdir(folder, { recursive: true })
}

/** Creates a database file that is not there; ovsdb-tool writes all of it or nothing. */
export async function ensureDatabaseFile (server: ServerConfig, file: string, schemaFile: string): Promise<void> {
  if (await exists(file)) return
  const [tool = 'ovsdb-tool', ...prefix] = await findTool(server.run.program)
  await execa(tool, [...prefix, 'create', file, schemaFile], { timeout: TOOL_TIMEOUT_MS, stdin: 'ignore', maxBuffer: 64 * 1024 })
}

const TOOL_TIMEOUT_MS = 30_000

/** ovsdb-tool of the server's own version where it is there. */
export async function findTool (program: readonly string[]): Promise<readonly string[]> {
  const beside = toolBeside(program)
  const path = beside.at(-1) ?? ''
  if (!path.includes('/')) return beside
  return await access(path, constants.R_OK).then(() => beside, () => ['ovsdb-tool'])
}

/** The daemon gets an environment of its own, so that nothing secret of the agent's stays in it. */
const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** With `--detach` the program returns when its child listens, or with the reason on its standard error. */
async function launch (server: ServerConfig, args: readonly string[]): Promise<void> {
  const [program = 'ovsdb-server', ...prefix] = server.run.program
  const fromOffset = await logOffset(server.logFile)
  const wordsFile = `${server.logFile}.start`
  const words = await open(wordsFile, 'w', 0o600)
  const nothing = await open('/dev/null', 'r+')
  try {
    await execa(program, [...prefix, ...args], {
      detached: true,
      cleanup: false,
      timeout: START_DEADLINE_MS,
      extendEnv: false,
      env: { PATH: SEARCH_PATH },
      cwd: '/',
      // a file and not a pipe: the daemon closes its standard descriptors itself, but only after its parent has returned
      stdio: await withoutOurDescriptors(words.fd, nothing.fd)
    })
  } catch (cause) {
    const said = await lastLines(wordsFile, 0) || await lastLines(server.logFile, fromOffset) || wordsOf(cause)
    throw new ServerStartError(server.name, said, { cause })
  } finally {
    await words.close()
    await nothing.close()
    await rm(wordsFile, { force: true })
  }
}

async function lastLines (path: string, fromOffset: number): Promise<string> {
  if (!(await exists(path))) return ''
  const text = (await readFile(path)).subarray(fromOffset).toString('utf8')
  return text.trim().split('\n').slice(-3).join(' / ').slice(-500)
}

async function exists (path: string): Promise<boolean> {
  return await stat(path).then(() => true, (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return false
    throw error
  })
}

function wordsOf (error: unknown): string {
  const { stderr, shortMessage, message } = error as Partial<ExecaError> & Error
  return (typeof stderr === 'string' && stderr.trim() !== '' ? stderr.trim() : shortMessage ?? message).slice(0, 500)
}
