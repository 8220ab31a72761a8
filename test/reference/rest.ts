import type { FastifyInstance, RouteOptions } from 'fastify'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { createAgentApi } from '../../agent/api/server.ts'
import { createControllerApi } from '../../controller/api/api.ts'
import { code, table } from './table.ts'
import { defaultWords, rowsOf, typeWords, type JsonSchema } from './schema-words.ts'

const logger = pino({ level: 'silent' })

interface Route {
  readonly method: string
  readonly url: string
  readonly role: string
  readonly schema: { readonly summary?: string, readonly querystring?: JsonSchema, readonly body?: JsonSchema }
}

/** Both APIs as they register themselves; nobody listens and nothing is asked. */
export async function restPage (): Promise<string> {
  const none = new Map<string, never>()
  const controller = await routesOf(createControllerApi({ clusters: none, rescues: none, snapshots: none, schedules: none, upgrades: none, restores: none, verifiers: none, store: null as never, onHistory: () => () => {}, tokens: [], registry: new Registry(), logger, tls: null, version: '' }))
  const agent = await routesOf(createAgentApi({ units: none, rescues: none, maintenance: none, statistics: none, node: '', version: '', tls: null, allowedPeers: [], reportEveryMs: 1_000, logger, registry: new Registry() }))
  return `## Controller\n\n${table(['request', 'role', 'what'], controller.map(({ method, url, role, schema }) => [code(`${method} ${url}`), role, schema.summary ?? '']))}\n\n${parameters(controller)}\n\n` +
    `## Agent\n\nWith TLS, everything but health and metrics is for the nodes and controllers of the file.\n\n${table(['request', 'body'], agent.map(({ method, url, schema }) => [code(`${method} ${url}`), keysOf(schema.body)]))}`
}

async function routesOf (app: FastifyInstance): Promise<readonly Route[]> {
  const routes: Route[] = []
  app.addHook('onRoute', ({ method, url, config, schema }: RouteOptions) => {
    for (const one of [method].flat()) {
      if (one === 'HEAD') continue
      const { role } = (config ?? {}) as { readonly role?: string }
      routes.push({ method: one, url, role: role === 'open' ? 'none' : role ?? 'operator', schema: (schema ?? {}) as Route['schema'] })
    }
  })
  await app.ready()
  await app.close()
  return routes.toSorted((a, b) => a.url.localeCompare(b.url, 'en') || a.method.localeCompare(b.method, 'en'))
}

function parameters (routes: readonly Route[]): string {
  const rows = routes.flatMap(({ method, url, schema }) => [...inPlace(schema.querystring, '?'), ...inPlace(schema.body, '')].map(row => [code(`${method} ${url}`), ...row]))
  return `### What they take\n\n\`?\` stands before what comes in the query; the rest is JSON in the body. Unknown keys are refused.\n\n${table(['request', 'key', 'required', 'default', 'what is allowed', 'what it is'], rows)}`
}

function inPlace (given: JsonSchema | undefined, mark: string): ReadonlyArray<readonly string[]> {
  return rowsOf(plain(given)).map(({ path, required, schema }) => [code(`${mark}${path}`), required ? 'yes' : '', defaultWords(schema), typeWords(schema), schema.description ?? ''])
}

function keysOf (given: JsonSchema | undefined): string {
  return [...new Set(rowsOf(plain(given)).map(({ path }) => path).filter(path => !path.includes('.')))].map(code).join(', ')
}

/** As JSON has it: without what TypeBox keeps beside it. */
function plain (schema: JsonSchema | undefined): JsonSchema {
  return schema === undefined ? {} : JSON.parse(JSON.stringify(schema)) as JsonSchema
}
