// The main stories as transcripts that a reviewer can read: test/traces/*.txt. When a change of the cores changes a story,
// read the difference first; `node test/traces/trace.test.ts --rewrite` then writes the transcripts anew.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createStory, type Story } from './story.ts'

const LINES_MAX = 80
const REWRITE = process.argv.includes('--rewrite')
const NODES = ['n1', 'n2', 'n3'] as const
const CRASH = 'ovsdb-server on n1 crashes'

interface Told {
  readonly file: string
  readonly title: string
  readonly tell: (story: Story) => void
  /** Who serves in the end. */
  readonly serves: string | null
}

/** n1 serves in term 1, n2 and n3 follow it; its last renewal was about 400 ms ago. */
function running (story: Story): void {
  for (const name of NODES) story.node(name).powerOn()
  story.run(5_000)
  assert.equal(story.serving(), 'n1')
  story.begin()
}

function lose (story: Story, name: string): void {
  story.happens(`${name} loses its power`, () => story.node(name).powerOff())
}

const STORIES: readonly Told[] = [
  {
    file: 'first-start',
    title: 'three nodes start for the first time, with empty databases',
    tell (story) {
      story.begin()
      story.happens('n1, n2 and n3 are switched on')
      for (const name of NODES) story.node(name).powerOn()
      story.run(2_000)
    },
    serves: 'n1'
  },
  {
    file: 'server-crash',
    title: 'the active\'s ovsdb-server crashes, its node lives',
    tell (story) {
      running(story)
      story.happens(CRASH, () => story.node('n1').crashServer())
      story.run(2_000)
    },
    serves: 'n2'
  },
  {
    file: 'node-loss',
    title: 'the active\'s node is lost without a word',
    tell (story) {
      running(story)
      lose(story, 'n1')
      story.run(5_000)
    },
    serves: 'n2'
  },
  {
    file: 'old-active-returns',
    title: 'the old active comes back after it was failed over',
    tell (story) {
      for (const name of NODES) story.node(name).powerOn()
      story.run(5_000)
      story.node('n1').powerOff()
      story.run(5_000)
      story.begin()
      story.happens('n1 is switched on again', () => story.node('n1').powerOn())
      story.run(2_000)
    },
    serves: 'n2'
  },
  {
    file: 'switchover',
    title: 'an operator asks for a switchover to n3',
    tell (story) {
      running(story)
      story.happens('ann asks for a switchover to n3', () => story.tell({ type: 'switchoverAsked', commandId: 1, to: 'n3', actor: 'ann', reason: 'kernel update' }))
      story.run(2_000)
    },
    serves: 'n3'
  },
  {
    file: 'switchover-undone',
    title: 'in a switchover the marker does not arrive on the candidate',
    tell (story) {
      running(story)
      story.node('n2').fail('awaitMarker', 'marker nb: not there after 2000 ms')
      story.happens('ann asks for a switchover', () => story.tell({ type: 'switchoverAsked', commandId: 1, to: 'n2', actor: 'ann', reason: '' }))
      story.run(2_000)
    },
    serves: 'n1'
  },
  {
    file: 'failed-promotion',
    title: 'the first candidate cannot be promoted, the next one is taken (S8)',
    tell (story) {
      running(story)
      story.node('n2').fail('promoteServers', 'promote nb: no answer')
      story.happens(`${CRASH}; on n2 promotions will fail`, () => story.node('n1').crashServer())
      story.run(2_000)
    },
    serves: 'n3'
  },
  {
    file: 'self-promoted-backup',
    title: 'a backup\'s ovsdb-server promotes itself (S5)',
    tell (story) {
      running(story)
      story.happens('ovsdb-server on n3 becomes active by itself', () => story.node('n3').selfPromote())
      story.run(2_000)
    },
    serves: 'n1'
  },
  {
    file: 'cold-start',
    title: 'all nodes lose their power and come back one after the other, the last active last',
    tell (story) {
      running(story)
      story.happens('all nodes lose their power', () => NODES.forEach(name => story.node(name).powerOff()))
      story.run(3_000)
      for (const name of ['n3', 'n2', 'n1']) {
        story.happens(`${name} is switched on`, () => story.node(name).powerOn())
        story.run(name === 'n1' ? 4_000 : 1_500)
      }
    },
    serves: 'n1'
  },
  {
    file: 'pause',
    title: 'the active\'s server crashes while an operator has paused the cluster (S10)',
    tell (story) {
      running(story)
      story.happens('ann pauses the cluster', () => story.tell({ type: 'pauseSet', paused: { by: 'ann', at: '2026-01-01T00:00:00Z', reason: 'disk swap' } }))
      story.run(5_000)
      story.happens(CRASH, () => story.node('n1').crashServer())
      story.run(1_500)
      story.happens('ann ends the pause', () => story.tell({ type: 'pauseSet', paused: null }))
      story.run(2_000)
    },
    serves: 'n1'
  }
]

for (const { file, title, tell, serves } of STORIES) {
  test(`the story "${title}" goes as its transcript says`, async () => {
    const story = createStory()
    tell(story)
    const text = `# ${title}\n${story.lines().map(line => `${line.trimEnd()}\n`).join('')}`
    const path = join(import.meta.dirname, `${file}.txt`)
    if (REWRITE) await writeFile(path, text)
    assert.equal(story.serving(), serves)
    assert.ok(story.lines().length <= LINES_MAX, `${story.lines().length} lines: nobody reads that`)
    assert.equal(text, await readFile(path, 'utf8'))
  })
}

test('a story told twice is told the same', () => {
  const [first, second] = [createStory(), createStory()]
  for (const story of [first, second]) STORIES.find(one => one.file === 'node-loss')?.tell(story)
  assert.deepEqual(first.lines(), second.lines())
})
