import { readFile, rmdir } from 'node:fs/promises'
import { command } from './command.ts'
import { INIT_SCRIPT } from './host.ts'
import { namespacesOf, removeNetwork } from './network.ts'
import { TESTBEDS_DIRECTORY } from './plan.ts'
import { poll } from './wait.ts'
import { killAll, processesWith, signal } from './processes.ts'

/**
 * Removes everything of one testbed, found by its names in the kernel and not by what a runner remembered: also after a
 * crash in the middle of `up`, and when there is nothing. Processes go first, since they hold namespaces and mounts.
 */
export async function removeTestbed (index: number): Promise<void> {
  const directory = `${TESTBEDS_DIRECTORY}/${index}`
  await killAll(await namespacesOf(index))
  await removeNetwork(index)
  // a runner that was killed a moment ago may have left a host that entered its namespace just now
  await poll(async () => {
    const late = await processesWith([INIT_SCRIPT, directory])
    for (const pid of late) signal(pid, 'SIGKILL')
    return late.length === 0 ? true : null
  }, { deadlineMs: 5_000, everyMs: 5, what: `the hosts of testbed ${index} to end` })
  // a killed host's mount namespace goes a moment after its processes and holds the tmpfs no longer than that
  await poll(async () => {
    if (!await isMounted(directory)) return true
    await command('umount', [directory]).catch(async () => command('umount', ['--lazy', directory]))
    return null
  }, { deadlineMs: 5_000, what: `${directory} to be unmounted` })
  await removeEmpty(directory)
  await removeEmpty(TESTBEDS_DIRECTORY)
}

export async function isMounted (directory: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  return mounts.split('\n').some(line => line.split(' ')[4] === directory)
}

/** The directory of another testbed keeps the common one, and another testbed may have removed it first. */
async function removeEmpty (directory: string): Promise<void> {
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    const otherTestbeds = error.code === 'ENOTEMPTY' && directory === TESTBEDS_DIRECTORY
    if (!otherTestbeds && error.code !== 'ENOENT') throw error
  })
}
