import { styleText } from 'node:util'

export const TONES = ['good', 'warning', 'bad', 'strong', 'quiet'] as const
/** What a piece of text means; how that looks is decided here and nowhere else. */
export type Tone = typeof TONES[number]
export type Paint = (tone: Tone, text: string) => string

const LOOKS = { good: 'green', warning: 'yellow', bad: ['red', 'bold'], strong: 'bold', quiet: 'dim' } as const

/** Text is never told by colour alone: without it every word is still there. */
export function createPaint (colour: boolean): Paint {
  if (!colour) return (_tone, text) => text
  return (tone, text) => text === '' ? text : styleText(LOOKS[tone] as Parameters<typeof styleText>[0], text, { validateStream: false })
}
