// The fence devices of one cluster's nodes: told what to do, and asked now and then whether they would answer.
import type { FenceDevice, FenceOutcome } from './link/fence-device.ts'

export interface FencesOptions {
  /** node -> its device. */
  readonly devices: ReadonlyMap<string, FenceDevice>
  /** After each look: null when the device answered, otherwise what is wrong. */
  readonly onSeen: (node: string, problem: string | null) => void
}

export interface Fences {
  start (): void
  stop (): void
  power (node: string, action: 'off' | 'on'): Promise<FenceOutcome>
}

/** A device that fails when it is needed is found out before. */
const LOOK_EVERY_MS = 60_000

export function createFences ({ devices, onSeen }: FencesOptions): Fences {
  const looking = new Set<string>()
  let timer: NodeJS.Timeout | null = null

  async function look (node: string, device: FenceDevice): Promise<void> {
    if (looking.has(node)) return // the one before still waits for its deadline
    looking.add(node)
    try {
      const problem = await device.monitor()
      if (timer !== null) onSeen(node, problem)
    } finally {
      looking.delete(node)
    }
  }

  function lookAtAll (): void {
    for (const [node, device] of devices) look(node, device).catch((error: unknown) => onSeen(node, String(error)))
  }

  return {
    start () {
      if (devices.size === 0) return
      timer = setInterval(lookAtAll, LOOK_EVERY_MS)
      lookAtAll()
    },
    stop () {
      if (timer !== null) clearInterval(timer)
      timer = null
      for (const device of devices.values()) device.stop()
    },
    async power (node, action) {
      const device = devices.get(node)
      if (device === undefined) return { ok: false, detail: `${node} has no fence device` }
      return await (action === 'off' ? device.off() : device.on())
    }
  }
}
