// Mistakes in the rule for two data nodes alone (S9, ADR 15): found in worlds of two voters with fence devices.
import type { Mutant } from './mutants.ts'

const FENCING = 'controller/core/fencing.ts'
const PAIR = 'agent/core/pair.ts'
const SURVIVOR = 'controller/core/lone-survivor.ts'

export const pairMutants: readonly Mutant[] = [
  {
    name: 'one of two goes on without a word of the other one\'s device',
    rule: 'S9',
    sentence: 'It was told to power it off.',
    mode: 'pair',
    changes: [{ file: FENCING, text: 'const without = operation.fence?.status === \'off\' && operation.fence.node', replacement: 'const without = operation.fence !== null && operation.fence.node' }]
  },
  {
    name: 'one of two goes on although its device failed',
    rule: 'S9',
    sentence: 'It was tried.',
    mode: 'pair',
    changes: [{ file: FENCING, text: 'const without = operation.fence?.status === \'off\' && operation.fence.node', replacement: 'const without = operation.fence !== null && operation.fence.status !== \'running\' && operation.fence.node' }]
  },
  {
    name: 'one of two goes on that has not met the other one since its agent started',
    rule: 'S9',
    sentence: 'The other one is off, that must do.',
    mode: 'pair',
    changes: [
      { file: PAIR, text: 'if (generation === undefined) return', replacement: 'if (generation === undefined) return null\n  if (generation < 0) return' },
      { file: SURVIVOR, text: 'return survivor.voter.met.includes(lost) ? null :', replacement: 'return survivor.voter.met.length >= 0 ? null :' }
    ]
  },
  {
    name: 'a meeting before the agent started counts',
    rule: 'S9',
    sentence: 'It was granted, so it was met.',
    mode: 'pair',
    changes: [{ file: PAIR, text: 'granted && boots[config.node] === config.boot ?', replacement: 'granted ?' }]
  },
  {
    name: 'one of two goes on although a voter more was proposed',
    rule: 'S9',
    sentence: 'What was proposed counts for nothing.',
    mode: 'pair',
    changes: [
      { file: PAIR, text: 'if (next !== null) return', replacement: 'if (next !== null && voters.generation < 0) return' },
      { file: FENCING, text: 'reply?.ok === true && reply.next === undefined', replacement: 'reply?.ok === true' }
    ]
  },
  {
    name: 'one of two goes on by a list that the other one has not stored',
    rule: 'S9',
    sentence: 'It met it when there were three.',
    mode: 'pair',
    changes: [{ file: PAIR, text: 'return generation === voters.generation ? null :', replacement: 'return generation <= voters.generation ? null :' }]
  }
]
