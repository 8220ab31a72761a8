// An agent's API as the link sees it: a real HTTP server whose answers the test decides.
import assert from 'node:assert/strict'
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Report } from '../../../../protocol/report.ts'

export function report (over: Partial<Report> = {}): Report {
  return {
    cluster: 'ovn',
    node: 'n1',
    bootId: 'b1',
    sequence: 1,
    configDigest: 'd',
    phase: 'backup',
    voter: { problem: null, term: 7, holder: 'n2', released: null, granted: true, sequence: 0, previous: null, heard: null, voters: { generation: 1, names: ['n1', 'n2', 'n3'] }, met: [], grants: [{ holder: 'n2', term: 7, remainingMs: 1_200.5, renewedAgoMs: 3 }] },
    lease: { term: 0, held: false, remainingMs: 0, releasedTerm: 0, releasedServed: false, votersGeneration: 0, without: null },
    servers: [],
    following: 'n2',
    endpoints: [],
    guard: { kind: 'nftables', vipLifetime: false, slackMs: 5, problem: null },
    rescues: { files: 0, bytes: 0, unacknowledgedFiles: 0 },
    problems: [],
    ...over
  }
}

export const reportEvent = (over: Partial<Report> = {}) => `event: report\ndata: ${JSON.stringify(report(over))}\n\n`

export interface FakeAgent {
  readonly url: string
  /** How many times the stream was dialled. */
  readonly dials: () => number
  readonly close: () => Promise<void>
}

export interface FakeAgentOptions {
  /** Serves one dial of the report stream; `dial` counts from 1. */
  readonly stream?: (write: (text: string) => void, end: () => void, dial: number) => void
  /** The answer to GET …/report. */
  readonly look?: (reply: FastifyReply) => unknown
  readonly post?: (what: string, body: unknown, reply: FastifyReply) => unknown
  readonly https?: { readonly key: string, readonly cert: string, readonly ca: string, readonly requestCert: true }
  readonly port?: number
}

export async function startFakeAgent ({ stream, look, post, https, port = 0 }: FakeAgentOptions): Promise<FakeAgent> {
  const app = fastify({ forceCloseConnections: true, https: https ?? null })
  let dials = 0
  app.get('/v1/clusters/:cluster/reports', (_request: FastifyRequest, reply: FastifyReply): void => {
    dials += 1
    if (stream === undefined) {
      reply.code(404).send({ code: 'OVSDB_HA_CLUSTER_UNKNOWN', message: 'no such cluster', hint: 'Look.' })
      return
    }
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
    reply.raw.flushHeaders()
    stream(text => { reply.raw.write(text) }, () => { reply.raw.end() }, dials)
  })
  app.get('/v1/clusters/:cluster/report', (_request, reply) => look?.(reply))
  app.post<{ Params: { what: string } }>('/v1/clusters/:cluster/:what', (request, reply) => post?.(request.params.what, request.body, reply))
  await app.listen({ host: '127.0.0.1', port })
  const address = app.server.address()
  assert.ok(address !== null && typeof address === 'object')
  return {
    url: `http${https === undefined ? '' : 's'}://127.0.0.1:${address.port}`,
    dials: () => dials,
    close: () => app.close()
  }
}
