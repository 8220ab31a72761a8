import { CommandRefusedError } from './command-errors.ts'
import type { ScheduleHost } from './schedule-host.ts'

/** Throws what names the leader, unless this controller leads. */
export function mustLead ({ name, view }: Pick<ScheduleHost, 'name' | 'view'>): void {
  const { leads, leader } = view().controller
  if (!leads) throw new CommandRefusedError(name, { kind: 'notLeading' }, leader)
}
