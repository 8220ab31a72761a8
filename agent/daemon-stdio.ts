import { readdir, readFile } from 'node:fs/promises'
import type { Options } from 'execa'

const O_CLOEXEC = 0o2000000

/**
 * Descriptors for a daemon: standard error to a file, and the null device in place of everything that this process
 * inherited without close-on-exec (a runner's lock or pipe), or whoever waits for its end would wait for the daemon's. Node
 * marks inherited descriptors close-on-exec only up to the first gap above 15.
 */
export async function withoutOurDescriptors (errorDescriptor: number, nullDescriptor: number): Promise<NonNullable<Options['stdio']>> {
  const others: ('ignore' | number)[] = []
  for (const name of await readdir('/proc/self/fd')) {
    const descriptor = Number(name)
    if (descriptor <= 2 || !(await survivesExec(descriptor))) continue
    while (others.length < descriptor - 2) others.push('ignore')
    others[descriptor - 3] = nullDescriptor
  }
  // execa takes any descriptor by number, its types do not
  return ['ignore', 'ignore', errorDescriptor, ...others] as unknown as NonNullable<Options['stdio']>
}

async function survivesExec (descriptor: number): Promise<boolean> {
  const text = await readFile(`/proc/self/fdinfo/${descriptor}`, 'latin1').catch((error: NodeJS.ErrnoException) => {
    // the listing itself had a descriptor, closed by now
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const flags = /^flags:\s*([0-7]+)/m.exec(text)?.[1]
  return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0
}
