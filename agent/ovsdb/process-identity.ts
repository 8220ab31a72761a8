import { readdir, readFile, realpath } from 'node:fs/promises'
import { ignoreMissing, readStat, type ProcessHandle, type ProcessStat } from '../process-handle.ts'

/**
 * What could be found out about who serves a control socket. `note` says what was wrong with the pid file although the
 * process was found; `reason` says why none was found.
 */
export type Identity =
  | { readonly found: true, readonly process: ProcessHandle, readonly note: string | null }
  | { readonly found: false, readonly reason: string }

export interface IdentityFiles {
  readonly pidFile: string
  readonly controlSocket: string
}

/**
 * Finds the ovsdb-server behind a control socket: the process that the pid file names, when its command line has our
 * `--unixctl` path and it is not a zombie; otherwise any process with that command line. A pid file is never believed alone.
 */
export async function identify (files: IdentityFiles): Promise<Identity> {
  const control = await resolvedPath(files.controlSocket)
  const named = await readPidFile(files.pidFile)
  if ('pid' in named) {
    const problem = await whyNotOurs(named.pid, control)
    const stat = problem === null ? await readStat(named.pid) : null
    if (stat !== null) return { found: true, process: handleOf(stat), note: null }
    return searchInstead(control, problem === null ? `process ${named.pid} just ended` : `the pid file ${files.pidFile} names process ${named.pid}, ${problem}`)
  }
  return searchInstead(control, named.problem)
}

function handleOf (stat: ProcessStat): ProcessHandle {
  return { pid: stat.pid, startTicks: stat.startTicks }
}

async function readPidFile (path: string): Promise<{ readonly pid: number } | { readonly problem: string }> {
  const text = await readFile(path, 'utf8').catch(ignoreMissing)
  if (text === null) return { problem: `there is no pid file ${path}` }
  const word = text.trim()
  if (word === '') return { problem: `the pid file ${path} is empty` }
  if (!/^[1-9]\d{0,9}$/.test(word)) return { problem: `the pid file ${path} holds no process id: ${JSON.stringify(word.slice(0, 40))}` }
  return { pid: Number(word) }
}

/** Null when the process is the one behind the control socket. */
async function whyNotOurs (pid: number, control: string): Promise<string | null> {
  const stat = await readStat(pid)
  if (stat === null) return 'which does not exist (stale pid file)'
  if (stat.state === 'Z' || stat.state === 'X') return 'which has ended and is a zombie'
  const words = await commandLine(pid)
  if (await mentions(words, control)) return null
  return stat.kernelThread || words.length > 0
    ? `which is another program (reused process id): ${words.join(' ').slice(0, 120) || 'a kernel thread'}`
    : 'which is just ending'
}

async function searchInstead (control: string, problem: string): Promise<Identity> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const pid = Number(entry)
    if (!(await mentions(await commandLine(pid), control))) continue
    const stat = await readStat(pid)
    if (stat !== null && stat.state !== 'Z' && stat.state !== 'X' && await isServer(pid)) {
      return { found: true, process: handleOf(stat), note: `${problem}; found by its command line` }
    }
  }
  return { found: false, reason: problem }
}

/** While ovsdb-server detaches, parent and child share a command line; only the child is its own session. */
async function isServer (pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(ignoreMissing)
  if (text === null) return false
  const session = text.slice(text.lastIndexOf(')') + 2).split(' ')[3]
  return session === String(pid) || !(await commandLine(pid)).includes('--detach')
}

async function commandLine (pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(ignoreMissing)
  return text === null ? [] : text.split('\0').filter(word => word !== '')
}

/** `--unixctl=PATH` or `--unixctl PATH`, however the path is spelt (/var/run is a link to /run). */
async function mentions (words: readonly string[], control: string): Promise<boolean> {
  for (const [index, word] of words.entries()) {
    const path = word.startsWith('--unixctl=') ? word.slice('--unixctl='.length) : word === '--unixctl' ? words[index + 1] : undefined
    if (path !== undefined && (path === control || await resolvedPath(path) === control)) return true
  }
  return false
}

/** The folder is resolved and not the socket, which may be missing. */
async function resolvedPath (path: string): Promise<string> {
  const slash = path.lastIndexOf('/')
  if (slash < 1) return path
  const folder = await realpath(path.slice(0, slash)).catch(ignoreMissing)
  return folder === null ? path : `${folder}${path.slice(slash)}`
}
