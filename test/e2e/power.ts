import { startPowerSwitch, type PowerSwitch } from '../testbed/power-switch.ts'
import { type Scene } from './scenario.ts'

/** While somebody runs the switch; afterwards every host that it powered on is up. */
export async function withPower (scene: Scene, body: (power: PowerSwitch) => Promise<void>): Promise<void> {
  const power = startPowerSwitch(scene.testbed)
  try {
    await body(power)
  } finally {
    await power.stop()
  }
}
