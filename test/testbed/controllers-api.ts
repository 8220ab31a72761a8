// All controllers of a testbed as one API: answers come from the leader where there is one, and orders go to it.
import type { ClusterView } from '../../protocol/api.ts'
import { TestbedError } from './command.ts'
import { connectController, type ApiReply, type ControllerApi } from './controller-api.ts'
import { type ResolvedOptions } from './options.ts'
import { controllersOf, type TestbedPlan } from './plan.ts'

/** With others to ask, a frozen controller is not waited for longer. */
const READ_TIMEOUT_MS = 2_000

interface Asked { readonly api: ControllerApi, readonly view: ClusterView }

export async function connectControllers (plan: TestbedPlan, options: ResolvedOptions): Promise<ControllerApi> {
  const hosts = controllersOf(plan)
  const apis = await Promise.all(hosts.map(host => connectController(plan, options, host, hosts.length === 1 ? undefined : READ_TIMEOUT_MS)))
  const [only] = apis
  if (only !== undefined && apis.length === 1) return only
  /** The leader, or else whoever answers. */
  const ask = async (): Promise<Asked> => {
    const asked = apis.map(async api => ({ api, view: await api.cluster() }))
    const leading = asked.map(async one => {
      const answer = await one
      return answer.view.controller.leads ? answer : Promise.reject(new TestbedError(`${answer.view.controller.name} does not lead`))
    })
    return await Promise.any(leading).catch(() => Promise.any(asked)).catch((error: AggregateError) => {
      throw new TestbedError(`no controller answers: ${error.errors.map((one: Error) => one.message).join('; ')}`)
    })
  }
  /** Of whoever answers first: all of them read from the one store. */
  const get = async <Body>(path: string): Promise<ApiReply<Body>> => {
    const { api } = await ask()
    return await api.get<Body>(path)
  }
  return {
    url: apis.map(({ url }) => url).join(','),
    get,
    post: async <Body>(path: string, body?: object) => {
      const { api } = await ask()
      return await api.post<Body>(path, body)
    },
    cluster: async () => (await ask()).view,
    close: async () => { await Promise.all(apis.map(api => api.close())) }
  }
}

/** Who leads the cluster; null when nobody says so. */
export async function leaderOf (api: ControllerApi): Promise<string | null> {
  const view = await api.cluster().catch(() => null)
  return view?.controller.leads === true ? view.controller.name : null
}
