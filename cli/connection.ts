import { readFile } from 'node:fs/promises'
import { createControllerClient, type ControllerClient } from './client.ts'
import { FileUnusableError, UsageError } from './cli-errors.ts'
import type { CliContext, ConnectionOptions } from './context.ts'

const SERVER_DEFAULT = 'http://127.0.0.1:8640'

/** The client that the options name, or else the environment, or else the controller of this host. Several controllers are written with commas between. */
export async function connectTo (options: ConnectionOptions, environment: CliContext['environment']): Promise<ControllerClient> {
  const servers = (options.server ?? environment.server ?? SERVER_DEFAULT).split(',').map(text => serverUrl(text.trim()))
  const tokenFile = options.tokenFile ?? environment.tokenFile
  const caFile = options.caFile ?? environment.caFile
  const token = tokenFile === undefined ? environment.token ?? null : (await read('token file', tokenFile)).trim()
  if (token === '') throw new UsageError('The token is empty', 'Write the token into the file that --token-file or OVSDB_HA_TOKEN_FILE names.')
  return createControllerClient([...new Set(servers)], { token, ca: caFile === undefined ? null : await read('authority\'s certificate', caFile) })
}

function serverUrl (text: string): string {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) throw new UsageError(`${text} is not the address of a controller`, 'Write it as http://HOST:PORT or https://HOST:PORT (--server, OVSDB_HA_SERVER); several with commas between.')
  return url.origin
}

async function read (what: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new FileUnusableError(what, file, cause)
  }
}
