import { createParser } from 'eventsource-parser'
import { Compile } from 'typebox/compile'
import { Client, type buildConnector } from 'undici'
import { remoteErrorFrom } from '../../protocol/remote-error.ts'
import { HappeningSchema, ReportSchema, type Happening, type Report } from '../../protocol/report.ts'
import { parseJson, readBounded } from './bounded-body.ts'
import { AgentAnswerError, type AgentPlace } from './link-errors.ts'

const reportSchema = Compile(ReportSchema)
const happeningSchema = Compile(HappeningSchema)

/** A report is a few kilobytes; a stream that sends more without ending an event is not an agent's. */
const EVENT_CHARACTERS_MAX = 1 << 20
const ERROR_BYTES_MAX = 1 << 16

export interface ReportStreamOptions {
  readonly place: AgentPlace
  readonly connect: buildConnector.BuildOptions
  readonly silentAfterMs: number
  readonly signal: AbortSignal
  readonly onReport: (report: Report) => void
  readonly onHappening: (happening: Happening) => void
}

/**
 * Dials the agent once and follows its report stream until it ends; never resolves otherwise than by rejecting with the
 * reason. Each dial has a connection of its own, so that a hanging one is gone with its attempt.
 */
export async function followReports (options: ReportStreamOptions): Promise<never> {
  const { place, connect, silentAfterMs, signal } = options
  const silence = createSilence(silentAfterMs)
  const client = new Client(place.url, { connect, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  try {
    const answer = await client.request({
      method: 'GET',
      path: `/v1/clusters/${encodeURIComponent(place.cluster)}/reports`,
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.any([silence.signal, signal])
    })
    const type = String(answer.headers['content-type'] ?? '')
    if (answer.statusCode !== 200 || !type.startsWith('text/event-stream')) throw await refusal(place, answer.statusCode, type, answer.body)
    await readEvents(answer.body, options, silence.broken)
    throw new Error('the agent ended the stream')
  } catch (error) {
    throw silence.signal.aborted && !signal.aborted ? silence.signal.reason : error
  } finally {
    silence.stop()
    await client.destroy()
  }
}

/**
 * Ends its signal when `broken` was not called for so long. A timer that comes late was held up by this process itself
 * (a stall, a stopped VM): what arrived meanwhile is still unread, so the agent gets the same time again.
 */
function createSilence (silentAfterMs: number) {
  const silence = new AbortController()
  let sinceMs = performance.now()
  let timer = setTimeout(due, silentAfterMs)

  function due (): void {
    const lateMs = performance.now() - sinceMs - silentAfterMs
    if (lateMs > silentAfterMs / 4) broken()
    else silence.abort(new Error(`silent for ${silentAfterMs} ms`))
  }

  function broken (): void {
    sinceMs = performance.now()
    clearTimeout(timer)
    timer = setTimeout(due, silentAfterMs)
  }

  return { signal: silence.signal, broken, stop: () => { clearTimeout(timer) } }
}

async function refusal (place: AgentPlace, status: number, type: string, body: AsyncIterable<Uint8Array>): Promise<Error> {
  const remote = remoteErrorFrom(status, parseJson(await readBounded(body, ERROR_BYTES_MAX)), place)
  return remote ?? new AgentAnswerError(place, `answered the report stream with ${status} ${type}`)
}

/** Hands over each event; anything that an agent of this cluster and node would not send ends the stream. */
async function readEvents (body: AsyncIterable<Uint8Array>, options: ReportStreamOptions, onAlive: () => void): Promise<void> {
  const { place, onReport, onHappening } = options
  const parser = createParser({
    maxBufferSize: EVENT_CHARACTERS_MAX,
    onError (error) {
      if (error.type === 'max-buffer-size-exceeded') throw new AgentAnswerError(place, `sent an event of more than ${EVENT_CHARACTERS_MAX} characters`)
    },
    onEvent ({ event, data }) {
      if (event === 'report') onReport(checked(place, event, data, reportSchema))
      else if (event === 'happening') onHappening(checked(place, event, data, happeningSchema))
      else return // an event of a later version
      onAlive()
    }
  })
  const decoder = new TextDecoder()
  for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }))
}

interface Checker<T> {
  Check (value: unknown): value is T
  Errors (value: unknown): readonly { readonly instancePath: string, readonly message: string }[]
}

function checked<T extends { readonly cluster: string, readonly node: string }> (place: AgentPlace, event: string, data: string, schema: Checker<T>): T {
  const value = parseJson(data)
  if (!schema.Check(value)) {
    const [first] = schema.Errors(value)
    throw new AgentAnswerError(place, `sent a ${event} that is not one: ${first === undefined ? 'unreadable' : `${first.instancePath || 'it'} ${first.message}`}`)
  }
  if (value.cluster !== place.cluster || value.node !== place.node) {
    throw new AgentAnswerError(place, `is the agent of ${value.node} (${value.cluster}): the address or the file is wrong`)
  }
  return value
}
