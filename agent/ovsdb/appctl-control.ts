// RoleControl by unixctl commands: every version of ovsdb-server that was started without --config-file.
import { ControlRefusedError, RoleNotChangedError } from './errors.ts'
import type { Control } from './control.ts'
import { againWhenClosed, assertPromoted, assertServes, isServedOrMayBeAdded } from './role-checks.ts'
import { askUntil, createWriteProbe, describeRoles, isBackupOf, isDecided, observeRole, untilListening, untilSilent } from './role-observation.ts'
import { assertSource, PLACEHOLDER, SOURCE_PROBE_MS, type RoleControl, type RoleControlOptions, type RoleObservation } from './role-control.ts'

export function createAppctlControl (options: RoleControlOptions): RoleControl {
  const { name, control, database, remotes, databases, commandTimeoutMs } = options
  const probe = createWriteProbe(name, database)
  const quietly = createQuietCommands(name, control)
  const deadline = () => performance.now() + commandTimeoutMs
  const observe = async (): Promise<RoleObservation> => await observeRole(control)

  /** In this order no instant is writable; 3.5 takes the new address only with the last command (FACTS R 4). */
  async function follow (source: string): Promise<RoleObservation> {
    await quietly('set-active-ovsdb-server', source)
    await quietly('connect-active-ovsdb-server')
    await quietly('set-active-ovsdb-server-probe-interval', String(SOURCE_PROBE_MS))
    const seen = await askUntil(deadline(), observe, seen => isDecided(seen, source))
    if (!isBackupOf(seen, source)) throw new RoleNotChangedError(name, `a backup of ${source}`, describeRoles(seen))
    return seen
  }

  async function toPlaceholder (): Promise<void> {
    const seen = await follow(PLACEHOLDER)
    await probe.prove(seen.databases, 'readOnly')
  }

  async function promote (): Promise<void> {
    const seen = await askUntil(deadline(), async () => {
      await quietly('disconnect-active-ovsdb-server') // again when a database added at run time stayed a backup (3.5, FACTS R N6)
      return await observe()
    }, ({ role }) => role === 'active')
    assertPromoted(name, seen, databases)
    await probe.prove(seen.databases, 'writable')
  }

  return {
    async birthArguments () {
      return [`--sync-from=${PLACEHOLDER}`, ...remotes.map(remote => `--remote=${remote}`), ...databases.map(({ file }) => file)]
    },
    observe,
    toPlaceholder,
    async repoint (source) {
      assertSource(source)
      try {
        await follow(source)
      } catch (error) {
        if (error instanceof RoleNotChangedError) await toPlaceholder() // it promoted itself, most likely: nobody may write meanwhile
        throw error
      }
    },
    promote,
    async addRemotes (added) {
      await Promise.all(added.map(async remote => await quietly('add-remote', remote)))
      await untilListening(options, added, deadline())
    },
    async removeRemotes (removed) {
      await Promise.all(removed.map(async remote => await removeRemote(quietly, remote)))
      await untilSilent(options, removed, deadline())
    },
    async ensureDatabase (added, file) {
      if (await isServedOrMayBeAdded(name, observe, added) === 'served') return
      await quietly('add-db', file)
      await againWhenClosed(toPlaceholder)
      await assertServes(name, observe, added, file)
    }
  }
}

type QuietCommand = (command: string, ...args: readonly string[]) => Promise<void>

/** The commands used here say nothing when they did something; words are a refusal, although it comes as success (FACTS R 4). */
function createQuietCommands (name: string, control: Control): QuietCommand {
  return async (command, ...args) => {
    const text = await control.call(`ovsdb-server/${command}`, args)
    if (text.trim() !== '') throw new ControlRefusedError(name, command, text)
  }
}

async function removeRemote (quietly: QuietCommand, remote: string): Promise<void> {
  try {
    await quietly('remove-remote', remote)
  } catch (error) {
    if (!(error instanceof ControlRefusedError && error.text.includes('no such remote'))) throw error
  }
}
