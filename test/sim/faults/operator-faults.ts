import type { ClusterEvent } from '../../../controller/core/events.ts'
import type { Fault, FaultTools } from './fault-tools.ts'

const PAUSED = { by: 'operator', at: '', reason: 'maintenance' }

/** A running operation is waited for so long. */
const OPERATION_LOOKS = 400
const OPERATION_LOOK_EVERY_MS = 15

/** Operators who order at any moment, also the worst. */
export function operatorFaults ({ random, settings, observer, controllers, data, later }: FaultTools): readonly Fault[] {
  function orderInTheMidst (looks: number): void {
    const busy = controllers.some(controller => controller.running() && controller.state()?.operation != null)
    if (!busy) {
      if (looks > 0) later(OPERATION_LOOK_EVERY_MS, () => orderInTheMidst(looks - 1))
      return
    }
    for (let orders = random.whole(1, 3); orders > 0; orders--) later(random.between(0, 40), () => random.pick(controllers).push(anyOrder()))
  }

  function anyOrder (): ClusterEvent {
    const asked = { commandId: 1, to: random.chance(0.3) ? null : random.pick(data).name, actor: 'operator', reason: '' }
    return random.chance(0.7) ? { type: 'switchoverAsked', ...asked } : { type: 'failoverAsked', ...asked, force: random.chance(0.3) }
  }

  return [
    {
      name: 'rivalOperators',
      weight: controllers.length > 1 ? 4 : 0,
      controlOnly: false,
      strike: () => {
        for (const controller of controllers) {
          later(random.between(0, 60), () => controller.push({ type: 'switchoverAsked', commandId: 1, to: random.chance(0.5) ? null : random.pick(data).name, actor: 'operator', reason: '' }))
        }
        return true
      }
    },
    {
      // the moment in which something is under way is the worst one for another order
      name: 'operatorInTheMidst',
      weight: 5,
      controlOnly: false,
      strike: () => {
        orderInTheMidst(OPERATION_LOOKS)
        return true
      }
    },
    {
      name: 'operatorPause',
      weight: 1,
      controlOnly: true,
      strike: () => {
        for (const controller of controllers) controller.setPaused(PAUSED)
        later(random.between(200, 6_000), () => { for (const controller of controllers) controller.setPaused(null) })
        return true
      }
    },
    {
      name: 'operatorSwitchover',
      weight: 5,
      controlOnly: false,
      strike: () => {
        const to = random.chance(0.5) ? null : random.pick(data).name
        random.pick(controllers).push({ type: 'switchoverAsked', commandId: 1, to, actor: 'operator', reason: '' })
        return true
      }
    },
    {
      name: 'operatorFences',
      weight: Object.keys(settings.fences).length > 0 ? 1 : 0,
      controlOnly: false,
      strike: () => {
        const node = random.pick(data).name
        const order = { commandId: 1, node, actor: 'operator', reason: '' }
        random.pick(controllers).push(random.chance(0.5) ? { type: 'fenceAsked', force: random.chance(0.5), ...order } : { type: 'unfenceAsked', ...order })
        return true
      }
    },
    {
      // true when it is said: nothing of that host runs. It may be started a moment later
      name: 'operatorConfirmsOff',
      weight: 2,
      controlOnly: true,
      strike: () => {
        const off = data.find(agent => !agent.running() && !agent.kernel.vipPresent() && agent.servers.every(server => !server.running()))
        if (off === undefined) return false
        observer.poweredOff(off.name)
        random.pick(controllers).push({ type: 'confirmOffAsked', commandId: 1, node: off.name, actor: 'operator', reason: 'looked' })
        return true
      }
    },
    {
      // one of the failovers that count, or all of them
      name: 'operatorAcknowledges',
      weight: 1,
      controlOnly: true,
      strike: () => {
        const controller = random.pick(controllers)
        const open = controller.state()?.recoveries.open ?? []
        if (open.length === 0) return false
        controller.push({ type: 'acknowledgeAsked', commandId: 1, term: random.chance(0.5) ? null : random.pick(open).term, actor: 'operator', reason: '' })
        return true
      }
    },
    {
      name: 'operatorFailover',
      weight: 1,
      controlOnly: false,
      strike: () => {
        const to = random.chance(0.5) ? null : random.pick(data).name
        random.pick(controllers).push({ type: 'failoverAsked', commandId: 1, to, force: random.chance(0.3), actor: 'operator', reason: '' })
        return true
      }
    }
  ]
}
