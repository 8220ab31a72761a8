import { runCommand } from '../command.ts'

/** `nft` said no; its words. */
export class NftRefusal extends Error {
  /** What was to be changed does not exist: somebody flushed the ruleset, or it was never there. */
  readonly isAbsence: boolean

  constructor (stderr: string) {
    super(`nft: ${stderr.trim().replaceAll(/\s*\n\s*/g, ' ').slice(0, 500)}`)
    this.name = 'NftRefusal'
    this.isAbsence = stderr.includes('No such file or directory')
  }
}

/** Runs one batch as one transaction: all of it, or nothing. */
export async function nft (batch: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await runCommand('nft', ['-f', '-'], { input: batch, timeoutMs, signal })
  if (exitCode !== 0) throw new NftRefusal(stderr)
}
