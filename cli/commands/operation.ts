import type { OperationView } from '../../protocol/api.ts'
import { EXIT, type CliContext } from '../context.ts'
import { createPaint } from '../render/style.ts'
import { renderWaterfall } from '../render/waterfall.ts'

/** Prints how an operation went; one that did not reach its end is exit code 1. */
export function reportOperation (cluster: string, operation: OperationView, output: 'table' | 'json', { out, colour, setExitCode }: CliContext): void {
  out(output === 'json' ? JSON.stringify(operation, null, 2) : `${cluster}: ${renderWaterfall(operation, createPaint(colour)).join('\n')}`)
  if (operation.outcome !== 'done') setExitCode(EXIT.failed)
}
