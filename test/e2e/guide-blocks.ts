// What a page of the guide tells its reader to type.

export interface GuideBlock {
  /** The heading above it. */
  readonly section: string
  /** Its number among the blocks of that section, from 0. */
  readonly index: number
  readonly text: string
}

/** The `sh` blocks of a page, in its order. */
export function blocksOf (page: string): readonly GuideBlock[] {
  const blocks: GuideBlock[] = []
  let section = ''
  for (const [, heading, text] of page.matchAll(/^## (.+)$|^```sh\n([^]*?)^```$/gm)) {
    if (heading !== undefined) section = heading
    else if (text !== undefined) blocks.push({ section, index: blocks.filter(block => block.section === section).length, text })
  }
  return blocks
}
