import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verifyPart, type PartToVerify } from '../../../controller/verify-part.ts'
import { SUSPECTS_MAX, TABLE_SUSPECTS_MAX, type CompareReply, type RecheckReply } from '../../../protocol/verify.ts'
import { suspectOf, tableOf } from './verification-views.ts'

function part (first: Partial<CompareReply>, looks: ReadonlyArray<RecheckReply | Error>, over: Partial<PartToVerify> = {}) {
  const asked: unknown[] = []
  const left = [...looks]
  const options: PartToVerify = {
    server: 'nb',
    active: 'n1',
    term: 4,
    digests: false,
    deadlineMs: 1_000,
    backupLink: {
      async compare (request) { asked.push(request); return { tables: [], suspects: [], longestReadMs: 7, ...first } },
      async recheck ({ marker, suspects }) {
        asked.push([marker, suspects.length])
        const next = left.shift()
        if (next === undefined || next instanceof Error) throw next ?? new Error('nobody looks again')
        return next
      }
    },
    activeLink: { async mark (request) { asked.push(request); return { marker: `mark ${asked.length}` } } },
    ...over
  }
  return { asked, verdict: verifyPart(options) }
}

const [acl, other] = [suspectOf('ACL', 1), suspectOf('ACL', 2)]
const DIFFERING = { tables: [tableOf('ACL', { changedRows: 2, columns: ['match'] }), tableOf('NAT')], suspects: [acl, other] }

test('where nothing differs nothing is written to the active, and nothing is looked at again', async () => {
  const { asked, verdict } = part({ tables: [tableOf('ACL')] }, [])
  assert.deepEqual(await verdict, { state: 'same', problem: null, longestReadMs: 7, tables: [{ ...tableOf('ACL'), lastingRows: 0 }] })
  assert.deepEqual(asked, [{ server: 'nb', active: 'n1', digests: false, deadlineMs: 1_000 }])
})

test('what had merely not arrived is no difference', async () => {
  const { asked, verdict } = part(DIFFERING, [{ lasting: [], moving: [] }])
  assert.equal((await verdict).state, 'same')
  assert.deepEqual(asked.slice(1), [{ server: 'nb', term: 4, deadlineMs: 1_000 }, ['mark 2', 2]])
})

test('what is still otherwise behind the marker differs, and its table is named', async () => {
  const { state, tables } = await part(DIFFERING, [{ lasting: [acl], moving: [] }]).verdict
  assert.deepEqual([state, tables.map(({ table, lastingRows }) => [table, lastingRows])], ['differs', [['ACL', 1], ['NAT', 0]]])
})

test('a row that the active changes is looked at behind a new marker, a few times, and then cannot be told', async () => {
  const moving = { lasting: [], moving: [other] }
  const settles = part(DIFFERING, [moving, { lasting: [], moving: [] }])
  assert.equal((await settles.verdict).state, 'same')
  assert.deepEqual(settles.asked.filter(one => Array.isArray(one)), [['mark 2', 2], ['mark 4', 1]])
  const restless = await part(DIFFERING, [moving, moving, moving, moving, moving]).verdict
  assert.deepEqual([restless.state, restless.problem], ['unsettled', '1 rows of ACL were changed by the active at every look'])
})

test('without the second look nothing is called a difference, nor the same', async () => {
  const { state, problem } = await part(DIFFERING, [new Error('the marker did not come')]).verdict
  assert.deepEqual([state, problem], ['unsettled', '2 rows differed, and whether they were on their way could not be told: the marker did not come'])
})

test('a table with more differing rows than are looked at again is not called the same because those few had arrived', async () => {
  const { state, problem } = await part({ tables: [tableOf('ACL', { lackingRows: TABLE_SUSPECTS_MAX + 1 })], suspects: [acl] }, [{ lasting: [], moving: [] }]).verdict
  assert.equal(state, 'unsettled')
  assert.match(problem ?? '', /more rows of ACL differed than were looked at again/)
  assert.ok(SUSPECTS_MAX > TABLE_SUSPECTS_MAX)
})

test('a node that cannot be read is the caller\'s to tell', async () => {
  const compare = async () => { throw new Error('n2 does not follow n1') }
  await assert.rejects(part({}, [], { backupLink: { compare, recheck: async () => ({ lasting: [], moving: [] }) } }).verdict, /n2 does not follow n1/)
})
