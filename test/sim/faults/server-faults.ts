import { crashHost } from '../host.ts'
import { replicationOf, type ServerModel } from '../server-model.ts'
import type { Fault, FaultTools } from './fault-tools.ts'

/** A copy is waited for so long. */
const COPY_LOOKS = 200
const COPY_LOOK_EVERY_MS = 20

/** ovsdb-server processes that die, hang and promote themselves; copies that are stale when they are needed. */
export function serverFaults ({ world, random, settings, observer, controllers, timing, data, anyServer, victim, later, cutFor, between, controllerNames }: FaultTools): readonly Fault[] {
  function breakNextCopy (looks: number): void {
    const copies = data.some(agent => agent.servers.some(server => server.copying()))
    if (copies) return breakCopy(random.pick(data.flatMap(agent => agent.servers).filter(server => server.copying())))
    if (looks > 0) later(COPY_LOOK_EVERY_MS, () => breakNextCopy(looks - 1))
  }

  function breakCopy (server: ServerModel): void {
    world.note(`the copy of ${server.name} to ${server.node} breaks`)
    const serving = data.find(agent => agent.state()?.phase.type === 'active')?.servers.find(one => one.name === server.name)
    const how = random.whole(0, 2)
    if (how === 0 && server.promoteItselfEmpty()) observer.turnedActiveByItself(server)
    else if (how === 1 && serving !== undefined) serving.crash()
    else server.crash()
  }

  return [
    {
      name: 'serverCrash',
      weight: 4,
      controlOnly: false,
      strike: () => {
        const server = random.chance(0.5) ? random.pick([...victim().servers, anyServer()]) : anyServer()
        if (!server.running()) return false
        world.note(`${server.name} on ${server.node} crashes`)
        server.crash()
        return true
      }
    },
    {
      // whoever serves fails, and the next one as well, and the next: what a broken client or a bad row does
      name: 'quickSuccession',
      weight: 2,
      controlOnly: false,
      strike: () => {
        for (let crash = 0, atMs = 0; crash < random.whole(3, 6); crash++) {
          later(atMs, () => {
            const serving = data.find(agent => agent.state()?.phase.type === 'active')
            if (serving === undefined) return
            world.note(`${serving.name} fails, and it is not the first`)
            for (const server of serving.servers) server.crash()
          })
          atMs += random.between(300, 2 * timing.leaseMs)
        }
        return true
      }
    },
    {
      name: 'serverHang',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const server = anyServer()
        server.hang()
        later(random.between(50, 5_000), () => server.wake())
        return true
      }
    },
    {
      name: 'selfPromotion',
      weight: 2,
      controlOnly: false,
      strike: () => {
        const server = anyServer()
        if (!server.promoteItself()) return false
        world.note(`${server.name} on ${server.node} promotes itself`)
        observer.turnedActiveByItself(server)
        return true
      }
    },
    {
      // copies break while they replace a file: the process dies, the source dies, or the disk is full
      name: 'brokenResync',
      weight: 4,
      controlOnly: false,
      strike: () => {
        breakNextCopy(COPY_LOOKS)
        return true
      }
    },
    {
      // a disk was replaced, or somebody removed the file: what starts again is empty
      name: 'lostFile',
      weight: 1,
      controlOnly: false,
      strike: () => {
        const server = anyServer()
        world.note(`${server.name} on ${server.node} loses its file`)
        server.loseFile()
        return true
      }
    },
    {
      // replication breaks, its source goes on for a while, unseen or seen by the controller, and is lost: nobody has its rows
      name: 'staleBackups',
      weight: 3,
      controlOnly: false,
      strike: () => {
        const serving = data.find(agent => agent.state()?.phase.type === 'active')
        if (serving === undefined) return false
        world.note(`the backups of ${serving.name} go stale`)
        const others = data.filter(agent => agent !== serving).map(agent => replicationOf(agent.name))
        const brokenMs = random.between(2, 14) * timing.heartbeatEveryMs
        cutFor(between([replicationOf(serving.name)], others, true), brokenMs + 8_000)
        if (random.chance(0.5)) cutFor(between([serving.name], controllerNames, false), brokenMs + 8_000)
        later(brokenMs, () => {
          crashHost(serving, settings.mode === 'lyingDisk')
          later(random.between(2_000, 12_000), () => serving.boot())
        })
        return true
      }
    },
    {
      // replication was broken for a while, and its source is lost while the backups copy what they missed: their position may be there before the rows
      name: 'lostWhileCatchingUp',
      weight: 3,
      controlOnly: false,
      strike: () => {
        const serving = data.find(agent => agent.state()?.phase.type === 'active')
        if (serving === undefined) return false
        world.note(`the backups of ${serving.name} go stale, and it is lost while they catch up`)
        const others = data.filter(agent => agent !== serving).map(agent => replicationOf(agent.name))
        const brokenMs = random.between(4, 14) * timing.heartbeatEveryMs
        cutFor(between([replicationOf(serving.name)], others, true), brokenMs)
        later(brokenMs + random.between(0, settings.resyncMs / settings.pace + 250), () => {
          crashHost(serving, settings.mode === 'lyingDisk')
          later(random.between(2_000, 12_000), () => serving.boot())
        })
        return true
      }
    },
    {
      // an operator forces a copy that lacks the last term, and it breaks down before it ever serves: it is no better for having tried
      name: 'forcedInVain',
      weight: 3,
      controlOnly: false,
      strike: () => {
        const serving = data.find(agent => agent.state()?.phase.type === 'active')
        const other = random.pick(data)
        if (serving === undefined || other === serving) return false
        world.note(`${serving.name} is lost while ${other.name} is stale, and forcing that one fails`)
        cutFor(between([replicationOf(serving.name)], data.map(agent => replicationOf(agent.name)), true), 20_000)
        other.crash()
        later(random.between(100, 2_000), () => other.boot())
        later(random.between(2_500, 5_000), () => {
          crashHost(serving, settings.mode === 'lyingDisk')
          later(random.between(8_000, 20_000), () => serving.boot())
          const forceAtMs = 2 * timing.leaseMs + timing.suspectAfterMs + random.between(500, 2_000)
          later(forceAtMs, () => { for (const controller of controllers) controller.push({ type: 'failoverAsked', commandId: 1, to: other.name, force: true, actor: 'operator', reason: '' }) })
          later(forceAtMs + random.between(0, 400), () => {
            if (random.chance(0.5)) other.crashSoon(random.whole(1, 25))
            else for (const server of other.servers) server.crash()
            later(random.between(300, 2_000), () => other.boot())
          })
        })
        return true
      }
    }
  ]
}
