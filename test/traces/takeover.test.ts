// The leader dies between any two of its actions, in each of the main stories: another controller, which has heard the same
// reports, brings the change to its end, and never does it twice. That no two nodes serve at once is the story's own invariant.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sourceOf } from '../fixtures.ts'
import { createStory, type Story } from './story.ts'

const NODES = ['n1', 'n2', 'n3'] as const
/** The takeover, another change where one is needed, and every copy. */
const END_MS = 20_000
/** Actions of the leader after which the story has long ended without a death. */
const ACTIONS_MAX = 60

interface Change {
  readonly title: string
  readonly happens: (story: Story) => void
  /** Who may serve in the end; n1 where it is there again when the next controller decides. */
  readonly serves: readonly string[]
}

const CHANGES: readonly Change[] = [
  { title: 'the server of the active crashes', happens: story => story.node('n1').crashServer(), serves: ['n1', 'n2', 'n3'] },
  { title: 'the node of the active is lost', happens: story => story.node('n1').powerOff(), serves: ['n2', 'n3'] },
  {
    title: 'the first candidate cannot be promoted',
    happens (story) {
      story.node('n2').fail('promoteServers', 'promote nb: no answer')
      story.node('n1').crashServer()
    },
    serves: ['n1', 'n3']
  },
  { title: 'an operator asks for a switchover', happens: story => story.tell({ type: 'switchoverAsked', commandId: 1, to: 'n2', actor: 'ann', reason: '' }), serves: ['n1', 'n2', 'n3'] },
  {
    title: 'an operator asks for a switchover whose marker does not arrive',
    happens (story) {
      story.node('n2').fail('awaitMarker', 'marker nb: not there after 2000 ms')
      story.tell({ type: 'switchoverAsked', commandId: 1, to: 'n2', actor: 'ann', reason: '' })
    },
    serves: ['n1']
  }
]

/** The change, with the leader dead after so many actions of it; how many it got to. */
function tell (change: Change, actions: number): { readonly story: Story, readonly died: boolean } {
  const story = createStory()
  story.addFollower('ctl-b')
  for (const name of NODES) story.node(name).powerOn()
  story.run(5_000)
  assert.equal(story.serving(), 'n1')
  story.begin()
  story.leader.dieAfter(actions)
  change.happens(story)
  story.run(END_MS)
  return { story, died: !story.leader.isUp() }
}

for (const change of CHANGES) {
  describe(`the leader dies when ${change.title}`, () => {
    for (let actions = 0, alive = false; !alive; actions++) {
      const { story, died } = tell(change, actions)
      alive = !died
      assert.ok(actions < ACTIONS_MAX, 'the story ends')
      test(died ? `after ${actions} actions` : `after the end, ${actions} actions`, () => {
        const transcript = story.lines().join('\n')
        assert.ok(change.serves.includes(story.serving() ?? ''), transcript)
        // one change at most
        assert.deepEqual(story.servedBy(), story.serving() === 'n1' ? ['n1'] : ['n1', story.serving()], transcript)
        for (const name of NODES.filter(one => one !== story.serving() && story.node(one).isUp())) {
          assert.equal(story.node(name).server().source, sourceOf(story.serving() ?? ''), `${name} follows\n${transcript}`)
        }
      })
    }
  })
}
