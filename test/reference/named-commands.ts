// The commands that documents name, held against those that there are: whoever types one at night must not be told that it is wrong.
import type { Command, Option } from 'commander'
import type { ProjectFile } from '../tidy/rule.ts'
import { describedProgram } from './commands.ts'

/** Code of a document that begins with `ovsdb-ha`: spans, and lines of blocks that can be typed. */
function namedIn (text: string): readonly string[] {
  const spans = [...text.replace(/^( *)```[\s\S]*?^\1```/gm, '').matchAll(/`ovsdb-ha ([^`\n]+)`/g)]
  const lines = [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```/gm)].flatMap(([, , language, block = '']) => language === 'sh' ? [...block.matchAll(/^ *ovsdb-ha ([^\n]+)$/gm)] : [])
  return [...spans, ...lines].map(([, rest = '']) => rest)
}

/** What a shell would make of it, up to a comment, a pipe or a redirection; brackets say "may be left out", and of alternatives the first stands for all. */
function wordsOf (line: string): readonly string[] {
  const [command = ''] = line.split(/ [#|>;]|;|&&/)
  const words = command.replaceAll(/[[\]]/g, '').match(/'[^']*'|"[^"]*"|\S+/g) ?? []
  return words.filter(word => !/^(…|\.\.\.)$/.test(word)).map(word => word.split('|')[0] ?? word)
}

/** A line for each command, option or argument that `ovsdb-ha` does not have. */
export function namedCommandProblems ({ path, text }: ProjectFile): readonly string[] {
  return namedIn(text).flatMap(line => {
    const words = wordsOf(line)
    return /^[a-z]/.test(words[0] ?? '') ? problemsOf(describedProgram(), words).map(problem => `${path}: ovsdb-ha ${line}: ${problem}`) : []
  })
}

function problemsOf (command: Command, words: readonly string[]): readonly string[] {
  const [word, ...rest] = words
  const child = command.commands.find(one => one.name() === word)
  if (child !== undefined) return problemsOf(child, rest)
  if (command.commands.length > 0 && word !== undefined && !word.startsWith('-')) return [`there is no ${word}`]
  return wordProblems(command, words)
}

function wordProblems (command: Command, words: readonly string[]): readonly string[] {
  const problems: string[] = []
  let places = command.registeredArguments.some(argument => argument.variadic) ? Infinity : command.registeredArguments.length
  let taker: Option | undefined
  for (const word of words) {
    if (/^-{1,2}[a-z]/.test(word)) {
      const name = word.split('=')[0] ?? word
      taker = command.options.find(option => option.long === name || option.short === name)
      if (taker === undefined && name !== '--help') problems.push(`it has no ${name}`)
      if (taker !== undefined && (taker.isBoolean() || word.includes('='))) taker = undefined
    } else if (taker !== undefined) {
      if (!taker.variadic) taker = undefined
    } else if (--places < 0) problems.push(`it takes no ${word}`)
  }
  return problems
}
