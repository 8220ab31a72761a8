// Which testbed a program may take that was told none: one that nobody has, and that no other such program takes at the same time.
import { access } from 'node:fs/promises'
import { createServer } from 'node:net'
import { TestbedError } from './command.ts'
import { namespacesOf } from './network.ts'
import { bridgeName, TESTBED_INDEX_MAX, TESTBEDS_DIRECTORY } from './plan.ts'
import { isHeldByAnother, readState } from './state.ts'

/** Keeps the index from other callers until this process ends. */
export async function claimFreeIndex (): Promise<number> {
  for (let index = 0; index <= TESTBED_INDEX_MAX; index++) {
    if (await isFree(index) && await claim(index)) return index
  }
  throw new TestbedError(`all testbeds from 0 to ${TESTBED_INDEX_MAX} are in use: bring one down with npm run testbed -- --index NUMBER down`)
}

/** What a process left behind that died may be taken: `up` removes it. */
async function isFree (index: number): Promise<boolean> {
  const state = await readState(index)
  if (state !== null) return state.runner !== null && !await isHeldByAnother(state)
  const traces = await Promise.all([`${TESTBEDS_DIRECTORY}/${index}`, `/sys/class/net/${bridgeName(index)}`].map(exists))
  return !traces.includes(true) && (await namespacesOf(index)).length === 0
}

const exists = (file: string) => access(file).then(() => true, () => false)

/** The kernel forgets the name with the process. */
async function claim (index: number): Promise<boolean> {
  const server = createServer()
  return await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen(`\0ovsdb-ha-testbed-${index}`, () => {
      server.unref()
      resolve(true)
    })
  })
}
