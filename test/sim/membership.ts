import type { DurableState } from '../../agent/core/actions.ts'
import { EMPTY_RECORD, type VoterRecord } from '../../agent/core/voter.ts'
import { firstList, type VoterList } from '../../protocol/voter-list.ts'
import type { Settings } from './settings.ts'
import { createRandom } from './world.ts'

/** Drawn apart from all else: worlds whose voters stay as they are remain what their seeds drew. */
const APART = 0x5_11_00
const CHANGING_SHARE = 0.25
const TORN_SHARE = 0.4

/** Some worlds begin with fewer voters than nodes, and have operators who change them. */
export function withMembership (settings: Settings, seed: number): Settings {
  const random = createRandom(seed ^ APART)
  const pair = settings.mode === 'pair'
  if (settings.nodes.length < 3 || !(random.chance(CHANGING_SHARE) || pair)) return settings
  const count = random.whole(2, settings.nodes.length)
  const shuffled = settings.nodes.map(name => ({ name, at: random.next() })).toSorted((a, b) => a.at - b.at).map(({ name }) => name)
  const torn = settings.nodes.filter(() => random.chance(0.6))
  const tornTogether = random.chance(TORN_SHARE) && !settings.controlFaultsOnly && (settings.mode === 'normal' || settings.mode === 'quick') ? { atMs: random.between(4_000, 35_000), nodes: torn } : null
  return { ...settings, voters: shuffled.slice(0, count).toSorted(), voterChanges: true, tornTogether }
}

/** A node that never voted, and knows who does. */
export function firstDurable (settings: Settings): DurableState {
  return { voter: { ...EMPTY_RECORD, voters: firstList(settings.voters) }, ownRelease: { term: 0, served: false } }
}

/** Of its own, so that it does not make the mistakes that it is there to find. */
function mostOf ({ names }: VoterList, who: readonly string[]): boolean {
  return 2 * names.filter(name => who.includes(name)).length > names.length
}

function oneApart (a: VoterList, b: VoterList): boolean {
  const added = b.names.filter(name => !a.names.includes(name))
  const removed = a.names.filter(name => !b.names.includes(name))
  return added.length + removed.length === 1
}

/** S11 from outside: what each voter has on disk, and by which lists holders count. */
export interface MembershipChecks {
  /** An operator's word, and no majority's: the list is there, and nothing of what a change needs is asked of it. */
  forced (list: VoterList): void
  stored (voter: string, record: VoterRecord): void
  countsBy (holder: string, list: VoterList): void
  /** A yes to somebody who counts by that list. */
  saidYes (voter: string, list: VoterList): void
}

/** `isDamaged`: nobody can read any more what that voter has stored. */
export function createMembershipChecks (settings: Settings, violate: (text: string) => void, isDamaged: (voter: string) => boolean): MembershipChecks {
  const records = new Map<string, VoterRecord>()
  const lists = new Map<number, VoterList>([[1, firstList(settings.voters)]])

  function whoStored (test: (record: VoterRecord) => boolean): readonly string[] {
    return [...records].filter(([, record]) => test(record)).map(([name]) => name)
  }

  /** The first holder that counts by a list: all that its change needed must be true, and stays true. */
  function check (holder: string, list: VoterList): void {
    const { generation } = list
    const before = lists.get(generation - 1)
    const what = `S11 ${holder} counts by generation ${generation} (${list.names.join(' ')})`
    if (before === undefined) return violate(`${what}, and nobody ever counted by the one before`)
    if (!oneApart(before, list)) return violate(`${what}, which is not one voter apart from the one before (${before.names.join(' ')})`)
    const settled = generation === 2 || mostOf(before, whoStored(record => record.voters.generation >= generation - 1))
    if (!settled) return violate(`${what}, and the one before (${before.names.join(' ')}) was never with a majority of its own`)
    const accepted = whoStored(({ voters, next }) => voters.generation >= generation || next?.voters.names.join() === list.names.join())
    for (const one of [before, list]) {
      if (!mostOf(one, accepted)) return violate(`${what}, and of generation ${one.generation} (${one.names.join(' ')}) only ${accepted.join(' ')} have stored it`)
    }
  }

  return {
    forced (list) {
      // what only damaged files hold is lost for good, as the operator says: nobody will ever count by it
      const held = whoStored(record => record.voters.generation >= list.generation).some(name => !isDamaged(name))
      if (!held) for (const generation of [...lists.keys()]) if (generation >= list.generation) lists.delete(generation)
      const known = lists.get(list.generation)
      if (known !== undefined && known.names.join() !== list.names.join()) violate(`S11 generation ${list.generation} is forced as ${list.names.join(' ')}, and was ${known.names.join(' ')}`)
      if ([...lists.keys()].some(generation => generation > list.generation)) violate(`S11 generation ${list.generation} is forced, and a later one was there`)
      lists.set(list.generation, list)
    },
    stored (voter, record) { records.set(voter, record) },
    saidYes (voter, list) {
      const own = records.get(voter)?.voters ?? firstList(settings.voters)
      if (own.generation !== list.generation || own.names.join() !== list.names.join()) violate(`S11 ${voter} said yes to whoever counts by generation ${list.generation} (${list.names.join(' ')}), and has stored generation ${own.generation} (${own.names.join(' ')})`)
    },
    countsBy (holder, list) {
      const known = lists.get(list.generation)
      if (known === undefined) {
        check(holder, list)
        lists.set(list.generation, list)
      } else if (known.names.join() !== list.names.join()) {
        violate(`S11 ${holder} counts by ${list.names.join(' ')} as generation ${list.generation}, which was ${known.names.join(' ')}`)
      }
    }
  }
}
