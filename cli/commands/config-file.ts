import { FileUnusableError } from '../cli-errors.ts'

/** Runs a daemon's start; a configuration that cannot be read is the command line's fault and says so, anything else stays what it is. */
export async function withConfigFile (file: string, start: () => Promise<unknown>): Promise<void> {
  try {
    await start()
  } catch (error) {
    if (error instanceof Error && 'path' in error && error.path === file) throw new FileUnusableError('configuration', file, error)
    throw error
  }
}
