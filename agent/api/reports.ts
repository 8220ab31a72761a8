import type { ServerResponse } from 'node:http'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Happening, Report } from '../../protocol/report.ts'
import { TooManyStreamsError } from './api-errors.ts'
import type { UnitService } from '../unit-service.ts'
import { ClusterParamsSchema, unitOf, type RouteOptions } from './unit-of.ts'

/** Controllers and a person or two with curl, per agent. */
const STREAMS_MAX = 64
/** Happenings that a slow reader may lie behind before it is dropped. */
const BEHIND_MAX = 256
/** Happenings that are kept while nobody reads; the oldest are given up. */
const UNHEARD_MAX = 100
/** A reader that takes nothing for so long is gone, or as good as gone. */
const STUCK_MS = 10_000

/**
 * GET …/report: the whole state now. GET …/reports: server-sent events; the whole state first (`event: report`), again
 * at once on each change and every `reportEveryMs`, and each happening once (`event: happening`),
 * also those that came while nobody read.
 */
export const reportRoutes: FastifyPluginAsyncTypebox<RouteOptions & { readonly reportEveryMs: number }> = async (app, options) => {
  const streams = new Set<ReportStream>()
  const unheard = new Map([...options.units].map(([cluster, unit]) => [cluster, keepUnheard(unit)]))
  app.addHook('onClose', async () => { for (const { stop } of unheard.values()) stop() })
  app.addHook('preClose', async () => { for (const stream of streams) stream.end() })
  const schema = { params: ClusterParamsSchema }

  app.get('/v1/clusters/:cluster/report', { schema }, async request => unitOf(options, request.params.cluster).report())

  app.get('/v1/clusters/:cluster/reports', { schema }, (request, reply) => {
    const unit = unitOf(options, request.params.cluster)
    if (streams.size >= STREAMS_MAX) throw new TooManyStreamsError(STREAMS_MAX)
    const first = unit.report() // an agent that is still starting answers with an error, not with half a stream
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    const stream = createReportStream(reply.raw)
    const unfollow = unit.follow(stream.report, stream.happening)
    const heartbeat = setInterval(() => stream.report(unit.report()), options.reportEveryMs)
    streams.add(stream)
    reply.raw.on('error', error => request.log.debug({ err: error }, 'report stream broke')) // 'close' follows
    reply.raw.once('close', () => {
      streams.delete(stream)
      clearInterval(heartbeat)
      unfollow()
      stream.end()
    })
    stream.report(first)
    const letGo = unheard.get(request.params.cluster)?.read(stream.happening)
    reply.raw.once('close', () => letGo?.())
  })
}

/**
 * What happens while no controller listens (an agent that has just started, controllers that are all down) is kept for
 * the first one that does: its history would have a hole otherwise.
 */
function keepUnheard (unit: UnitService) {
  let readers = 0
  let kept: Happening[] = []
  const stop = unit.follow(() => {}, happening => { if (readers === 0) kept = [...kept, happening].slice(-UNHEARD_MAX) })
  return {
    stop,
    /** Hands over what was kept; returns how to say that this reader is gone. */
    read (onHappening: (happening: Happening) => void): () => void {
      readers += 1
      const missed = kept
      kept = []
      for (const happening of missed) onHappening(happening)
      return () => { readers -= 1 }
    }
  }
}

interface ReportStream {
  report (report: Report): void
  happening (happening: Happening): void
  end (): void
}

/** A slow reader is given the newest report and not every one in between: each is the whole state. */
export function createReportStream (response: ServerResponse): ReportStream {
  let latest: Report | null = null
  let happenings: Happening[] = []
  let stuck: NodeJS.Timeout | undefined
  response.on('drain', flush)

  function flush (): void {
    clearTimeout(stuck)
    stuck = undefined
    while (!response.writableEnded && !response.destroyed) {
      if (response.writableNeedDrain) {
        stuck = setTimeout(() => response.destroy(), STUCK_MS)
        return
      }
      const happening = happenings.shift()
      if (happening !== undefined) {
        response.write(`event: happening\ndata: ${JSON.stringify(happening)}\n\n`)
      } else if (latest !== null) {
        response.write(`event: report\ndata: ${JSON.stringify(latest)}\n\n`)
        latest = null
      } else {
        return
      }
    }
  }

  return {
    report (report) {
      latest = report
      if (stuck === undefined) flush()
    },
    happening (happening) {
      happenings.push(happening)
      if (happenings.length > BEHIND_MAX) {
        happenings = []
        response.destroy()
      } else if (stuck === undefined) {
        flush()
      }
    },
    end () {
      clearTimeout(stuck)
      response.end()
    }
  }
}
