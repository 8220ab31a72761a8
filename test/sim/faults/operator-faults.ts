import type { Fault, FaultTools } from './fault-tools.ts'

const PAUSED = { by: 'operator', at: '', reason: 'maintenance' }

/** Operators who order at any moment, also the worst. */
export function operatorFaults ({ random, controllers, data, later }: FaultTools): readonly Fault[] {
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
