import { Client, type Dispatcher } from 'undici'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { connectionWords } from '../protocol/connection-words.ts'
import { OvsdbHaError } from '../protocol/errors.ts'
import { remoteErrorFrom } from '../protocol/remote-error.ts'
import { ControllerUnreachableError } from './cli-errors.ts'

export interface Access {
  readonly token: string | null
  /** PEM text of the authority to believe instead of the system's. */
  readonly ca: string | null
}

export interface ServerOptions extends Access {
  readonly server: string
}

/** What a client may ask, of one controller or of several. */
export interface Http {
  ask<Schema extends TSchema> (schema: Schema, method: 'GET' | 'POST', path: string, body: object | null, deadlineMs: number): Promise<Static<Schema>>
  /** The body of a stream, until it breaks (then it throws) or `signal` ends it. */
  stream (path: string, signal: AbortSignal): AsyncGenerator<Uint8Array>
}

const CONNECT_DEADLINE_MS = 5_000
/** The controller's event stream says `alive` every 15 s. */
const SILENT_AFTER_MS = 40_000
const ANSWER_BYTES_MAX = 16 << 20
/** The connection was never made. */
const NOT_SENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

/** Requests to one controller. Its refusals are thrown as it sent them; anything else that goes wrong is a ControllerUnreachableError. */
export function createHttp ({ server, token, ca }: ServerOptions): Http {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` }
  const connect = { timeout: CONNECT_DEADLINE_MS, ...(ca === null ? {} : { ca }) }
  const dial = (bodyTimeout: number) => new Client(server, { connect, headersTimeout: 0, bodyTimeout, maxResponseSize: bodyTimeout === 0 ? ANSWER_BYTES_MAX : -1 })
  const reasonOf = (error: unknown) => connectionWords(error, new URL(server).host, CONNECT_DEADLINE_MS)
  const unreachable = (what: string, cause?: unknown) => cause instanceof OvsdbHaError ? cause : new ControllerUnreachableError(server, what, cause, NOT_SENT.has(codeOf(cause)))

  /** The JSON of a good answer; throws what the controller said, or says that this is no controller. */
  async function answered ({ statusCode, body }: Dispatcher.ResponseData): Promise<unknown> {
    const value = parseJson(await body.text())
    if (statusCode >= 200 && statusCode < 300 && value !== undefined) return value
    throw remoteErrorFrom(statusCode, value) ?? new ControllerUnreachableError(server, `answered ${statusCode} and is no ovsdb-ha controller`)
  }

  async function ask<Schema extends TSchema> (schema: Schema, method: 'GET' | 'POST', path: string, body: object | null, deadlineMs: number): Promise<Static<Schema>> {
    const client = dial(0)
    try {
      const value = await answered(await client.request({
        method,
        path,
        headers: { ...headers, ...(body === null ? {} : { 'content-type': 'application/json' }) },
        body: body === null ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(deadlineMs)
      }))
      if (!Value.Check(schema, value)) throw new ControllerUnreachableError(server, 'gave an answer that this ovsdb-ha does not understand: it may be of another version')
      return value
    } catch (error) {
      throw unreachable(`did not answer: ${reasonOf(error)}`, error)
    } finally {
      await client.destroy()
    }
  }

  async function * stream (path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const client = dial(SILENT_AFTER_MS)
    try {
      const answer = await client.request({ method: 'GET', path, headers, signal })
      if (answer.statusCode !== 200) await answered(answer)
      yield * answer.body
      throw new ControllerUnreachableError(server, 'ended the stream of events')
    } catch (error) {
      if (!signal.aborted) throw unreachable(`broke off the stream of events: ${reasonOf(error)}`, error)
    } finally {
      await client.destroy()
    }
  }

  return { ask, stream }
}

export function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // refused where it is used, with words of its own
  }
}

function codeOf (error: unknown): string {
  const [first] = error instanceof AggregateError ? error.errors : [error]
  return (first as NodeJS.ErrnoException | undefined)?.code ?? ''
}
