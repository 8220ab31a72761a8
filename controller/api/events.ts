import type { ServerResponse } from 'node:http'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ClusterView, HistoryEntry } from '../../protocol/api.ts'
import { TooManyListenersError } from './api-errors.ts'
import type { ClusterServices } from './service-of.ts'

export type OnHistory = (listener: (entry: HistoryEntry) => void) => () => void

const LISTENERS_MAX = 64
/** Entries that a slow listener may lie behind before it is dropped. It reads the rest by GET …/history. */
const BEHIND_MAX = 1_000
const HEARTBEAT_MS = 15_000

/**
 * GET /v1/events: server-sent events. Every cluster first, then each change of a cluster's view (`event: cluster`) and
 * each history entry (`event: history`, its id as the event's). A slow listener gets the newest view of each cluster and
 * not every one in between; one that takes nothing for a heartbeat's time is dropped.
 */
export const eventRoutes: FastifyPluginAsyncTypebox<{ clusters: ClusterServices, onHistory: OnHistory }> = async (app, { clusters, onHistory }) => {
  const listeners = new Set<EventListener>()
  const services = [...clusters.values()]
  const stops = [
    ...services.map(service => service.follow(view => { for (const listener of listeners) listener.view(view) })),
    onHistory(entry => { for (const listener of listeners) listener.entry(entry) })
  ]
  app.addHook('preClose', async () => {
    for (const stop of stops) stop()
    for (const listener of listeners) listener.end()
  })

  app.get('/v1/events', {
    config: { role: 'viewer' },
    schema: { summary: 'Changes as server-sent events: `event: cluster` (a cluster view), `event: history` (an entry)', produces: ['text/event-stream'] }
  }, (_request, reply) => {
    if (listeners.size >= LISTENERS_MAX) throw new TooManyListenersError(LISTENERS_MAX)
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    const listener = createEventListener(reply.raw)
    listeners.add(listener)
    reply.raw.once('close', () => {
      listeners.delete(listener)
      listener.end()
    })
    for (const service of services) listener.view(service.view())
  })
}

type EventListener = ReturnType<typeof createEventListener>

function createEventListener (stream: ServerResponse) {
  const views = new Map<string, ClusterView>()
  let entries: HistoryEntry[] = []
  let stuck = false
  stream.on('drain', flush)
  const heartbeat = setInterval(() => {
    if (stuck && stream.writableNeedDrain) stream.destroy()
    else if (stream.writableNeedDrain) stuck = true
    else stream.write(': alive\n\n')
  }, HEARTBEAT_MS)

  function flush (): void {
    stuck = false
    while (!stream.writableNeedDrain && !stream.writableEnded) {
      const entry = entries.shift()
      const [view] = views.values()
      if (entry !== undefined) {
        stream.write(`id: ${entry.id}\nevent: history\ndata: ${JSON.stringify(entry)}\n\n`)
      } else if (view !== undefined) {
        views.delete(view.name)
        stream.write(`event: cluster\ndata: ${JSON.stringify(view)}\n\n`)
      } else {
        return
      }
    }
  }

  return {
    view (view: ClusterView): void {
      views.set(view.name, view)
      flush()
    },
    entry (entry: HistoryEntry): void {
      entries.push(entry)
      if (entries.length > BEHIND_MAX) {
        entries = []
        stream.destroy()
      } else {
        flush()
      }
    },
    end (): void {
      clearInterval(heartbeat)
      stream.end()
    }
  }
}
