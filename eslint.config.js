import neostandard from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: ['node_modules/**'] }),
  {
    files: ['**/*.ts'],
    rules: {
      // the pure core and most shells stay readable at a glance
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }]
    }
  },
  {
    // a shell is one factory around the state it owns, and its closures are the functions: they are short, their frame is not
    files: ['agent/shell.ts', 'agent/operations.ts', 'agent/companions.ts', 'controller/shell.ts'],
    rules: { 'max-lines-per-function': ['error', { max: 330, skipBlankLines: true, skipComments: true }] }
  },
  {
    // a test file's outer describe block is a table of contents, not a function
    files: ['test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off' }
  },
  {
    // mutants quote source text, template strings among it
    files: ['test/sim/mutants/**/*.ts'],
    rules: { 'no-template-curly-in-string': 'off' }
  },
  {
    // flags that other closures change between two awaits
    files: ['test/sim/**/*.ts'],
    rules: { 'no-unmodified-loop-condition': 'off' }
  }
]
