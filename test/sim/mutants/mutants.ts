import { agentMutants } from './agent-mutants.ts'
import type { ModeName } from '../modes.ts'
import { pairMutants } from './pair-mutants.ts'
import { controllerMutants } from './controller-mutants.ts'
import { voterMutants } from './voter-mutants.ts'

/** One mistake that breaks one safety rule (DESIGN.md). The simulator must find each of them, or it proves nothing. */
export interface Mutant {
  readonly name: string
  readonly rule: `S${number}`
  /** What somebody might have thought when writing it. */
  readonly sentence: string
  readonly changes: readonly Change[]
  /** In whose worlds it is found; `quick` when absent. */
  readonly mode?: ModeName
}

export interface Change {
  readonly file: string
  /** Stands exactly once in the file. */
  readonly text: string
  readonly replacement: string
}

export const MUTANTS: readonly Mutant[] = [...agentMutants, ...controllerMutants, ...voterMutants, ...pairMutants]
