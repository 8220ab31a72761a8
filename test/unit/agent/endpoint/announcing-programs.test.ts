import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CommandError } from '../../../../agent/command.ts'
import { announcingPrograms } from '../../../../agent/endpoint/announce.ts'
import { createAnnouncingPrograms } from '../../../../agent/endpoint/announcing-programs.ts'

const missing = (program: string) => new CommandError(`the program ${program} is missing`, program, 'missing', undefined)
const WORDS = 'arping is missing: when this node takes the addresses, its neighbours are not told where they are'

function createBoth (run: (program: string) => Promise<unknown> = () => Promise.resolve()) {
  const told: Array<string | null> = []
  return { told, programs: createAnnouncingPrograms({ programs: ['arping', 'ndptool'], run, onProblem: problem => told.push(problem) }) }
}

describe('the programs that announce addresses', () => {
  test('are those of the families that are there, each once', () => {
    const v4 = (address: string) => ({ address, prefixLength: 24, family: 4 as const })
    assert.deepEqual(announcingPrograms([v4('10.0.0.1'), v4('10.0.0.2')], 'eth0'), ['arping'])
    assert.deepEqual(announcingPrograms([v4('10.0.0.1'), { address: 'fd00::1', prefixLength: 64, family: 6 }], 'eth0'), ['arping', 'ndptool'])
  })

  test('one that is missing is told once, in the same words whoever meets it first: the look, or who needs it', async () => {
    const looked = createBoth(program => program === 'arping' ? Promise.reject(missing(program)) : Promise.resolve())
    await looked.programs.look()
    assert.equal(looked.programs.tells(missing('arping')), true)
    const needed = createBoth()
    assert.equal(needed.programs.tells(missing('arping')), true)
    assert.equal(needed.programs.tells(missing('arping')), true)
    assert.deepEqual([looked.told, needed.told], [[WORDS], [WORDS]])
  })

  test('two that are missing are one problem, which ends with the last of them', () => {
    const { told, programs } = createBoth()
    programs.tells(missing('ndptool'))
    programs.tells(missing('arping'))
    programs.works('arping')
    programs.works('ndptool')
    programs.works('ndptool')
    assert.deepEqual(told.map(problem => problem?.split(':')[0] ?? null), ['ndptool is missing', 'arping and ndptool are missing', 'ndptool is missing', null])
  })

  test('another failure, or another program that is missing, is for whoever met it to tell', () => {
    const { told, programs } = createBoth()
    for (const error of [missing('ndisc6'), new CommandError('arping was killed', 'arping', 'timeout', undefined), new Error('arping is missing')]) assert.equal(programs.tells(error), false)
    assert.deepEqual(told, [])
  })

  test('a look finds none that answer it, however they do, and is not taken again at once', async () => {
    const asked: string[] = []
    const { told, programs } = createBoth(program => {
      asked.push(program)
      return Promise.reject(new CommandError(`${program} could not be run`, program, 'broken', undefined))
    })
    await programs.look()
    await programs.look()
    assert.deepEqual([told, asked], [[], ['arping', 'ndptool']])
  })
})
