import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import type { ClusterView } from '../../protocol/api.ts'
import { certificatePaths, CLUSTER_NAME, controllerUrl, tokenFilePath } from './cluster-file.ts'
import { TestbedError } from './command.ts'
import { type ResolvedOptions } from './options.ts'
import { type HostPlan, type TestbedPlan } from './plan.ts'

const REQUEST_TIMEOUT_MS = 5_000
/** A switchover or a forced failover answers when it has ended. */
const OPERATION_TIMEOUT_MS = 60_000

export interface ApiReply<Body = unknown> {
  readonly status: number
  readonly body: Body
}

/** A controller's REST API, or that of several, as an operator reaches it, from the root namespace. */
export interface ControllerApi {
  /** As `ovsdb-ha --server` takes it. */
  readonly url: string
  readonly get: <Body = unknown>(path: string) => Promise<ApiReply<Body>>
  readonly post: <Body = unknown>(path: string, body?: object) => Promise<ApiReply<Body>>
  readonly cluster: () => Promise<ClusterView>
  readonly close: () => Promise<void>
}

/** `readTimeoutMs`: a controller that is frozen takes the connection and says nothing. */
export async function connectController (plan: TestbedPlan, options: ResolvedOptions, host: HostPlan, readTimeoutMs = REQUEST_TIMEOUT_MS): Promise<ControllerApi> {
  const url = controllerUrl(options, host)
  const token = (await readFile(tokenFilePath(plan), 'utf8')).trim()
  const dispatcher = new Agent(options.tls ? { connect: await clientCertificate(plan) } : {})
  const call = async <Body>(method: 'GET' | 'POST', path: string, timeoutMs: number, body?: object): Promise<ApiReply<Body>> => {
    const reply = await request(`${url}${path}`, {
      method,
      dispatcher,
      signal: AbortSignal.timeout(timeoutMs),
      headers: { authorization: `Bearer ${token}`, ...body === undefined ? {} : { 'content-type': 'application/json' } },
      body: body === undefined ? null : JSON.stringify(body)
    })
    const text = await reply.body.text()
    return { status: reply.statusCode, body: (text === '' ? null : JSON.parse(text)) as Body }
  }
  const get = <Body>(path: string) => call<Body>('GET', path, readTimeoutMs)
  return {
    url,
    get,
    post: <Body>(path: string, body: object = {}) => call<Body>('POST', path, OPERATION_TIMEOUT_MS, body),
    cluster: async () => {
      const { status, body } = await get<ClusterView>(`/v1/clusters/${CLUSTER_NAME}`)
      if (status !== 200) throw new TestbedError(`the controller answered ${status}: ${JSON.stringify(body)}`)
      return body
    },
    close: () => dispatcher.destroy()
  }
}

async function clientCertificate (plan: TestbedPlan) {
  const files = certificatePaths(plan, 'client')
  const [cert, key, ca] = await Promise.all([files.certificate, files.privateKey, files.caCertificate].map(file => readFile(file)))
  return { cert: cert!, key: key!, ca: ca! }
}

/** What is still missing until the cluster serves, is led, and has every data node as a backup that could take over; empty when nothing. */
export function whatIsMissing (view: ClusterView): string {
  if (!view.controller.leads) return `no controller leads: ${view.controller.name} follows ${view.controller.leader?.name ?? 'nobody'}`
  if (view.state !== 'serving' || view.active === null) return `the cluster is ${view.state}: ${view.summary}`
  const unready = view.nodes.filter(node => !node.witness && node.name !== view.active)
    .filter(node => node.role !== 'backup' || node.following !== view.active || node.ineligible !== null)
  return unready.map(node => `${node.name}: ${node.ineligible?.message ?? node.summary}`).join('; ')
}
