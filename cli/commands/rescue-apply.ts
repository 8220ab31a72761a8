import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { ApplyReply, RowChoice } from '../../protocol/rescue-replay.ts'
import { FileUnusableError, UsageError } from '../cli-errors.ts'
import { EXIT, type CliContext } from '../context.ts'
import { renderApply, renderSkipped } from '../render/rescue-apply.ts'
import { createPaint } from '../render/style.ts'
import { clusterNameOr, outputOption } from './connection-options.ts'
import { rescueCommand, type RescueOptions } from './rescue.ts'

interface ChoiceOptions {
  readonly row?: readonly string[]
  readonly table?: readonly string[]
  readonly all?: boolean
  readonly skipConflicts?: boolean
}

/** `ovsdb-ha rescue apply|export ID`: rows back into the active, or the transaction that would do it. */
export function registerRescueApply (rescue: Command, context: CliContext): void {
  const paint = createPaint(context.colour)

  choosing(rescueCommand(rescue, 'apply', 'bring rows back into the active: all that were chosen, in one transaction, or none'))
    .option('--dry-run', 'tell what would be done, and what conflicts')
    .option('--reason <text>', 'why; kept in the history')
    .addOption(outputOption())
    .action(async (id: string, { cluster: given, reason, row, table, all, skipConflicts, dryRun = false, output, ...connection }: RescueOptions & ChoiceOptions & { readonly dryRun?: boolean }) => {
      const choice = choiceOf({ row, table, all, skipConflicts })
      const client = await context.client(connection)
      const reply = await client.applyRescue(await clusterNameOr(given, client), id, { ...choice, dryRun, ...(reason === undefined ? {} : { reason }) })
      context.out(output === 'json' ? JSON.stringify(reply, null, 2) : renderApply(reply, dryRun, paint).join('\n'))
      if (reply.plan.conflicts.length > 0 || (!reply.applied && !dryRun)) context.setExitCode(EXIT.failed)
    })

  choosing(rescueCommand(rescue, 'export', 'write the transaction that would bring rows back, as "ovsdb-client transact" takes it'))
    .option('--to <file>', 'where to; otherwise it is printed')
    .action(async (id: string, { cluster: given, row, table, all, skipConflicts, to, ...connection }: RescueOptions & ChoiceOptions & { readonly to?: string }) => {
      const choice = choiceOf({ row, table, all, skipConflicts })
      const client = await context.client(connection)
      const reply = await client.applyRescue(await clusterNameOr(given, client), id, { ...choice, dryRun: true })
      if (reply.plan.conflicts.length > 0) {
        for (const line of renderApply(reply, true, paint)) context.err(line)
        return context.setExitCode(EXIT.failed)
      }
      for (const line of renderSkipped(reply.plan, paint)) context.err(line)
      await write(context, to, transactionOf(reply))
    })
}

function choosing (command: Command): Command {
  return command
    .argument('<id>', 'as rescue list shows it')
    .option('--row <uuid...>', 'a row that differs, by its uuid or the beginning of it: inserted, changed or deleted as the rescue has it')
    .option('--table <table...>', 'all rows of this table that the active lacks')
    .option('--all', 'all rows that the active lacks')
    .option('--skip-conflicts', 'leave out rows that conflict, and those that cannot be without them')
}

function choiceOf ({ row, table, all, skipConflicts }: { readonly [Key in keyof ChoiceOptions]: ChoiceOptions[Key] | undefined }): RowChoice {
  if (row === undefined && table === undefined && all !== true) throw new UsageError('No rows were chosen', 'Choose with --row UUID, --table TABLE or --all; ovsdb-ha rescue diff shows the rows.')
  return { ...(row === undefined ? {} : { rows: [...row] }), ...(table === undefined ? {} : { tables: [...table] }), ...(all === undefined ? {} : { all }), ...(skipConflicts === undefined ? {} : { skipConflicts }) }
}

function transactionOf ({ plan }: ApplyReply): string {
  return JSON.stringify([plan.database, ...plan.operations], null, 2)
}

async function write ({ out }: CliContext, to: string | undefined, text: string): Promise<void> {
  if (to === undefined) return out(text)
  try {
    await writeFile(to, `${text}\n`, { mode: 0o600 })
  } catch (cause) {
    throw new FileUnusableError('file', to, cause)
  }
  out(`${to}: ovsdb-client transact SERVER "$(cat ${to})"`)
}
