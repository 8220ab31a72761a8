// The file of `ovsdb-server --config-file` (3.3 and later): what it says, and how it is replaced.
import { open, rename, access } from 'node:fs/promises'
import { OvsdbHaError, type ErrorDetail } from '../../protocol/errors.ts'
import { parsePassive } from './listening.ts'
import { PLACEHOLDER, SOURCE_PROBE_MS } from './role-control.ts'

export interface ConfiguredDatabase {
  readonly file: string
  readonly backup: boolean
  readonly source: string
}

export interface ServerConfiguration {
  readonly remotes: readonly string[]
  readonly databases: readonly ConfiguredDatabase[]
}

export class ConfigFileError extends OvsdbHaError {
  readonly code = 'OVSDB_HA_CONFIG_FILE'
  readonly httpStatus = 502
  readonly hint = 'Read the log of ovsdb-server, and check the file and the databases that it names.'

  constructor (file: string, words: string, detail?: ErrorDetail) {
    super(`${file}: ${words}`, detail)
  }
}

export function renderConfiguration ({ remotes, databases }: ServerConfiguration): string {
  return `${JSON.stringify({
    remotes: Object.fromEntries(remotes.map(remote => [remote, {}])),
    databases: Object.fromEntries(databases.map(({ file, backup, source }) => [file, {
      'service-model': 'active-backup', backup, source: { [source]: { 'inactivity-probe': SOURCE_PROBE_MS } }
    }]))
  }, null, 2)}\n`
}

/** The same server as it should be born: a backup of nobody (S5), and, but for `born`, with no listener for other hosts (S4, S7). */
export function atBirth ({ remotes, databases }: ServerConfiguration, born: readonly string[]): ServerConfiguration {
  const kept = remotes.filter(remote => born.includes(remote) || parsePassive(remote) === null)
  return { remotes: kept, databases: databases.map(({ file }) => ({ file, backup: true, source: PLACEHOLDER })) }
}

/**
 * Replaces the file whole and durably. A database file that does not exist is found here: a reload that names one would
 * drop every database and every remote (FACTS R N14).
 */
export async function writeConfiguration (file: string, configuration: ServerConfiguration): Promise<void> {
  for (const database of configuration.databases) {
    try {
      await access(database.file)
    } catch (cause) {
      throw new ConfigFileError(file, `there is no database ${database.file}`, { cause })
    }
  }
  const next = `${file}.new`
  try {
    const handle = await open(next, 'w', 0o640)
    try {
      await handle.writeFile(renderConfiguration(configuration))
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await rename(next, file)
  } catch (cause) {
    throw new ConfigFileError(file, 'cannot be written', { cause })
  }
}
