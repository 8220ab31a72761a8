import { CommanderError } from 'commander'
import { CertificateUnusableError } from '../protocol/certificate-check.ts'
import { ConfigError } from '../protocol/config-errors.ts'
import { OvsdbHaError } from '../protocol/errors.ts'
import { RemoteError } from '../protocol/remote-error.ts'
import { ControllerUnreachableError, FileUnusableError, UsageError } from './cli-errors.ts'
import { EXIT, type ExitCode } from './context.ts'

/** The exit code that a failure ends with; every other one is 1. */
export function exitCodeOf (error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof UsageError || error instanceof FileUnusableError || error instanceof ConfigError || error instanceof CertificateUnusableError) return EXIT.usage
  if (error instanceof ControllerUnreachableError) return EXIT.unreachable
  if (error instanceof RemoteError) {
    switch (error.httpStatus) {
      case 400: return EXIT.usage
      case 401: case 403: return EXIT.notAllowed
      case 404: return EXIT.notFound
    }
  }
  return EXIT.failed
}

/** What stderr says: `code: message`, the nodes that were refused, and the next step. */
export function errorLines (error: unknown, command: string): readonly string[] {
  if (error instanceof CommanderError) return [`OVSDB_HA_USAGE: ${error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')}`, `hint: ${command} --help`]
  if (!(error instanceof OvsdbHaError)) return [`OVSDB_HA_INTERNAL: ${error instanceof Error ? error.stack ?? error.message : String(error)}`, 'hint: Please report this.']
  const refused = error instanceof RemoteError ? error.refused ?? [] : []
  return [`${error.code}: ${error.message}`, ...refused.map(node => `  ${node.node} refused (${node.code}): ${node.message}`), `hint: ${error.hint}`]
}

export const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  refused, or what was asked for failed
  2  wrong arguments, or a file that cannot be read or is not valid
  3  no controller answered (the clusters may well serve)
  4  no such cluster, node or history entry
  5  the token is missing, unknown, or not allowed to do this

Environment:
  OVSDB_HA_SERVER       the controller, or several with commas between; http://127.0.0.1:8640 when not set
  OVSDB_HA_TOKEN_FILE   the file that holds the token; or OVSDB_HA_TOKEN, the token itself
  OVSDB_HA_CA_FILE      the authority of the controller's certificate (PEM)
  OVSDB_HA_NODE         which node this host is, for agent and health; or OVSDB_HA_NODE_FILE, a file whose first word it is
  NO_COLOR              no colour, also on a terminal`
