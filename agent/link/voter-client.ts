import { Compile } from 'typebox/compile'
import { Pool } from 'undici'
import { connectionWords } from '../../protocol/connection-words.ts'
import { remoteErrorFrom } from '../../protocol/remote-error.ts'
import { LeaseReplySchema, type LeaseReply, type LeaseRequest, type ReleaseRequest } from '../../protocol/vote.ts'
import { VoterAnswerError, VoterUnreachableError } from './voter-errors.ts'

const leaseReply = Compile(LeaseReplySchema)
const ANSWER_BYTES_MAX = 65_536
/** One is enough while all is well; a release, and the first renewal after a cut, must not queue behind renewals that hang until their deadline. */
const CONNECTIONS_MAX = 8
/** Given up early, so that the first renewal after a healed cut does not wait in a dial whose packets are backing off. */
const DIAL_TIMEOUT_MS = 1_000
const KEEP_OPEN_MS = 30_000

export interface VoterClientOptions {
  readonly cluster: string
  /** The voter's node name; with TLS its certificate must be for it, whatever the address is. */
  readonly node: string
  /** `http://10.0.0.1:8641` or `https://…`. */
  readonly url: string
  /** PEM texts. */
  readonly tls: { readonly key: string, readonly cert: string, readonly ca: string } | null
}

/** One fellow voter for one cluster. Every call ends by its deadline; a refusal of the vote is a reply, not an error. */
export interface VoterClient {
  lease (request: LeaseRequest, deadlineMs: number): Promise<LeaseReply>
  release (request: ReleaseRequest, deadlineMs: number): Promise<void>
  close (): Promise<void>
}

/** Dials on the first call, and keeps a few connections open: a renewal is one exchange on a warm connection. */
export function createVoterClient ({ cluster, node, url, tls }: VoterClientOptions): VoterClient {
  const detail = { cluster, node }
  const connect = { timeout: DIAL_TIMEOUT_MS, ...(tls === null ? {} : { ...tls, servername: node }) }
  const pool = new Pool(url, { connect, connections: CONNECTIONS_MAX, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, maxResponseSize: ANSWER_BYTES_MAX, keepAliveTimeout: KEEP_OPEN_MS })

  async function post (what: 'lease' | 'release', body: unknown, deadlineMs: number): Promise<{ readonly status: number, readonly value: unknown }> {
    const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(deadlineMs)))
    let text: string
    let status: number
    try {
      const answer = await pool.request({
        method: 'POST',
        path: `/v1/clusters/${encodeURIComponent(cluster)}/${what}`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: deadline
      })
      status = answer.statusCode
      text = await answer.body.text()
    } catch (cause) {
      const why = deadline.aborted ? `no answer within ${deadlineMs} ms` : connectionWords(cause, new URL(url).host, DIAL_TIMEOUT_MS)
      throw new VoterUnreachableError(`(${url}) did not answer ${what}: ${why}`, { ...detail, cause })
    }
    if (status === 204) return { status, value: null }
    try {
      return { status, value: JSON.parse(text) }
    } catch (cause) {
      throw new VoterAnswerError(`(${url}) answered ${what} with ${status} and no JSON: ${text.slice(0, 200)}`, { ...detail, cause })
    }
  }

  function refused (what: string, { status, value }: { readonly status: number, readonly value: unknown }): Error {
    return remoteErrorFrom(status, value, detail) ??
      new VoterAnswerError(`(${url}) answered ${what} with ${status} and something that is not its answer: ${JSON.stringify(value).slice(0, 200)}`, detail)
  }

  return {
    async lease (request, deadlineMs) {
      const answer = await post('lease', request, deadlineMs)
      if (answer.status === 200 && leaseReply.Check(answer.value)) return answer.value
      throw refused('lease', answer)
    },
    async release (request, deadlineMs) {
      const answer = await post('release', request, deadlineMs)
      if (answer.status !== 204) throw refused('release', answer)
    },
    close: async () => await pool.destroy()
  }
}
