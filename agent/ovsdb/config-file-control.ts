// RoleControl by `--config-file` and reload (ovsdb-server 3.3 and later, which then refuses the commands of the other driver).
import { ConfigFileError, atBirth, writeConfiguration, type ServerConfiguration } from './config-file.ts'
import { ControlRefusedError, RoleNotChangedError, ServerOverloadedError } from './errors.ts'
import { againWhenClosed, assertPromoted, assertServes, isServedOrMayBeAdded } from './role-checks.ts'
import { askUntil, createWriteProbe, describeRoles, isBackupOf, isDecided, observeRole, untilListening, untilSilent } from './role-observation.ts'
import { assertSource, PLACEHOLDER, type RoleControl, type RoleControlOptions, type RoleObservation } from './role-control.ts'

export interface ConfigFileControlOptions extends RoleControlOptions {
  /** Ours alone: it is replaced with every change. */
  readonly configFile: string
}

/**
 * The server reads its file at start and at each reload, and restarts by what the file says then. So the file says a role
 * only for the length of a reload; at rest it always says "backup on the placeholder", for whoever restarts the server (S5).
 * The present state is therefore read from the server, never from the file.
 */
export function createConfigFileControl (options: ConfigFileControlOptions): RoleControl {
  const { name, control, database, remotes, databases, commandTimeoutMs } = options
  const probe = createWriteProbe(name, database)
  const { change } = createReloader(options)
  const deadline = () => performance.now() + commandTimeoutMs
  const observe = async (): Promise<RoleObservation> => await observeRole(control)

  async function follow (source: string): Promise<RoleObservation> {
    return await change(now => ({ ...now, databases: now.databases.map(({ file }) => ({ file, backup: true, source })) }), async () => {
      const seen = await askUntil(deadline(), observe, seen => isDecided(seen, source))
      if (!isBackupOf(seen, source)) throw new RoleNotChangedError(name, `a backup of ${source}`, describeRoles(seen))
      return seen
    })
  }

  async function toPlaceholder (): Promise<void> {
    const seen = await follow(PLACEHOLDER)
    await probe.prove(seen.databases, 'readOnly')
  }

  return {
    async birthArguments () {
      await writeConfiguration(options.configFile, atBirth({ remotes, databases: databases.map(({ file }) => ({ file, backup: true, source: PLACEHOLDER })) }, remotes))
      return [`--config-file=${options.configFile}`]
    },
    observe,
    toPlaceholder,
    async repoint (source) {
      assertSource(source)
      await follow(source)
    },
    async promote () {
      await change(now => ({ ...now, databases: now.databases.map(entry => ({ ...entry, backup: false })) }), async () => {
        const seen = await askUntil(deadline(), observe, ({ role }) => role === 'active')
        assertPromoted(name, seen, databases)
        await probe.prove(seen.databases, 'writable')
      })
    },
    async addRemotes (added) {
      await change(now => ({ ...now, remotes: [...new Set([...now.remotes, ...added])] }), async () => await untilListening(options, added, deadline()))
    },
    async removeRemotes (removed) {
      await change(now => ({ ...now, remotes: now.remotes.filter(remote => !removed.includes(remote)) }), async () => await untilSilent(options, removed, deadline()))
    },
    async ensureDatabase (added, file) {
      if (await isServedOrMayBeAdded(name, observe, added) === 'served') return
      await change(now => ({ ...now, databases: [...now.databases, { file, backup: true, source: PLACEHOLDER }] }), async () => await assertServes(name, observe, added, file))
      await againWhenClosed(toPlaceholder)
    }
  }
}

/**
 * What a failed change goes back to: never to more than what both states allow. A demotion or a closed listener is not
 * undone because its proof failed.
 */
function withoutRights (before: ServerConfiguration, after: ServerConfiguration): ServerConfiguration {
  return {
    remotes: before.remotes.filter(remote => after.remotes.includes(remote)),
    databases: before.databases.map(entry => ({ ...entry, backup: entry.backup || after.databases.find(({ file }) => file === entry.file)?.backup !== false }))
  }
}

const MAX_WAITING_CHANGES = 16

type Edit = (now: ServerConfiguration) => ServerConfiguration

/** Reads the state, edits it, reloads, checks; one change at a time, and back towards the state before when one fails. */
function createReloader ({ name, control, remotes, databases, configFile }: ConfigFileControlOptions) {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  async function current (): Promise<ServerConfiguration> {
    const seen = await observeRole(control)
    const strangers = seen.databases.filter(served => !databases.some(database => database.name === served))
    if (strangers.length > 0) throw new RoleNotChangedError(name, 'serving its own databases only', `it also serves ${strangers.join(', ')}, which a reload would drop`)
    return {
      remotes: seen.remotes,
      databases: databases.filter(database => seen.databases.includes(database.name)).map(({ name, file }) => {
        const sync = seen.perDatabase.find(entry => entry.database === name)
        return { file, backup: sync?.state !== 'active', source: sync?.source ?? PLACEHOLDER }
      })
    }
  }

  async function reload (configuration: ServerConfiguration): Promise<void> {
    await writeConfiguration(configFile, configuration)
    try {
      const text = await control.call('ovsdb-server/reload')
      if (text.trim() !== '') throw new ControlRefusedError(name, 'reload', text)
    } finally {
      await writeConfiguration(configFile, atBirth(configuration, remotes))
    }
  }

  async function attempt<T> (edit: Edit, check: () => Promise<T>): Promise<T> {
    const before = await current()
    try {
      await reload(edit(before))
      return await check()
    } catch (error) {
      try {
        await reload(withoutRights(before, edit(before)))
      } catch (cause) {
        throw new ConfigFileError(configFile, `${error instanceof Error ? error.message : String(error)}; and the state before could not be restored`, { cause })
      }
      throw error
    }
  }

  return {
    async change<T> (edit: Edit, check: () => Promise<T>): Promise<T> {
      if (waiting >= MAX_WAITING_CHANGES) throw new ServerOverloadedError(name, `${waiting} changes wait for their turn`)
      waiting += 1
      const turn = last.then(async () => await attempt(edit, check)).finally(() => { waiting -= 1 })
      last = turn.catch(() => undefined) // its caller hears of it; the next change does not depend on it
      return await turn
    }
  }
}
