import { distance } from 'fastest-levenshtein'

/** The known word most like the written one, if they are alike enough to be a slip; undefined otherwise. */
export function nearestWord (written: string, known: readonly string[]): string | undefined {
  const limit = written.length <= 3 ? 1 : Math.max(2, Math.floor(written.length / 3))
  let best: { readonly word: string, readonly edits: number } | undefined
  for (const word of known) {
    const edits = distance(written.slice(0, 128).toLowerCase(), word.toLowerCase())
    if (edits <= limit && edits < word.length && edits < (best?.edits ?? Infinity)) best = { word, edits }
  }
  return best?.word
}
