// How tests are written: beside what they test by name, and never asleep.
import { isTest, linesThat, type TidyRule } from './rule.ts'

export const testRules: readonly TidyRule[] = [
  {
    name: 'a test waits for an observable with a deadline and never sleeps (the one poll is in wait.ts)',
    applies: path => isTest(path) && !path.endsWith('/wait.ts') && !path.startsWith('test/tidy/'),
    find: ({ text }) => linesThat(/['"](node:)?timers\/promises['"]|new Promise\b.*\bsetTimeout\b|promisify\(setTimeout\)|\bAtomics\.wait\(/, text, 'wait for what the test is about, by wait.ts'),
    bad: { path: 'test/unit/a.test.ts', text: 'import { setTimeout as sleep } from \'node:timers/promises\'\n' },
    good: { path: 'test/wait.ts', text: 'const timer = setTimeout(() => fail(), DEADLINE_MS)\n' }
  },
  {
    name: 'the unit test of a/b.ts is test/unit/a/b.test.ts',
    applies: path => /^test\/unit\/.*\.test\.ts$/.test(path),
    find: ({ path }, paths) => {
      const source = path.replace(/^test\/unit\//, '').replace(/\.test\.ts$/, '.ts')
      return paths.has(source) ? [] : [`there is no ${source}`]
    },
    bad: { path: 'test/unit/agent/nowhere.test.ts', text: '' },
    good: { path: 'test/unit/agent/a.test.ts', text: '' }
  },
  {
    name: 'no test is left out or alone',
    applies: path => /\.test\.ts$/.test(path),
    find: ({ text }) => linesThat(/\b(test|it|describe|suite)\.(only|todo)\(|\b(only|todo): true\b/, text, 'run all of it'),
    bad: { path: 'test/unit/agent/a.test.ts', text: 'test.only(\'a\', () => {})\n' },
    good: { path: 'test/unit/agent/a.test.ts', text: 'test(\'a\', () => {})\n' }
  }
]
