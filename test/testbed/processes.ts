// Who runs on a host, read from /proc: the testbed remembers no process ids, so a crashed runner leaves none behind that nobody knows.
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { namespacePath } from './network.ts'
import { poll } from './wait.ts'

export interface HostProcess {
  /** As the root namespace sees it. */
  readonly pid: number
  /** As the host sees it. */
  readonly insidePid: number
  /** The process lives in the host's own pid namespace, and not only in its network namespace as an observer does. */
  readonly inside: boolean
  readonly argv: readonly string[]
}

/** Every process in a network namespace; zombies are not counted. */
export async function processesIn (namespace: string): Promise<readonly HostProcess[]> {
  const inode = await stat(namespacePath(namespace)).then(info => info.ino, ignoreMissing)
  if (inode === null) return []
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(pid => readProcess(pid, `net:[${inode}]`)))
  return found.filter(process => process !== null)
}

async function readProcess (pid: number, network: string): Promise<HostProcess | null> {
  if (await readlink(`/proc/${pid}/ns/net`).catch(ignoreMissing) !== network) return null
  const [status, commandLine] = await Promise.all([readProc(pid, 'status'), readProc(pid, 'cmdline')])
  if (status === null || commandLine === null || commandLine === '') return null
  const insidePids = /^NSpid:\s*(.+)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? [pid]
  const ownPidNamespace = await readlink('/proc/self/ns/pid')
  const inside = await readlink(`/proc/${pid}/ns/pid`).catch(ignoreMissing) !== ownPidNamespace
  return { pid, insidePid: insidePids.at(-1) ?? pid, inside, argv: commandLine.split('\0').slice(0, -1) }
}

const readProc = (pid: number, file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(ignoreMissing)

/** Null for what ended while it was looked at. */
function ignoreMissing (error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'EACCES') return null
  throw error
}

/** A process that ended by itself in the same moment is as good as signalled. */
export function signal (pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Every process that was started with all of these arguments, wherever it runs. */
export async function processesWith (argv: readonly string[]): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(async pid => {
    const given = (await readProc(pid, 'cmdline'))?.split('\0') ?? []
    return argv.every(argument => given.includes(argument)) ? [pid] : []
  }))
  return found.flat()
}

/** Kills everything in the namespaces that `which` accepts, until nothing of it is left. */
export async function killAll (namespaces: readonly string[], which: (process: HostProcess) => boolean = () => true): Promise<void> {
  await poll(async () => {
    const processes = (await Promise.all(namespaces.map(processesIn))).flat().filter(which)
    for (const { pid } of processes) signal(pid, 'SIGKILL')
    return processes.length === 0 ? true : null
  }, { deadlineMs: 5_000, everyMs: 5, what: `every process of ${namespaces.join(', ')} to end` })
}
