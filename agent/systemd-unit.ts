// What systemd says of a unit.

export interface UnitState {
  readonly active: string
  readonly sub: string
  readonly result: string
  /** 0 when the unit has no process. */
  readonly mainPid: number
}

/** Pure: the lines of `systemctl show`. */
export function parseUnitState (text: string): UnitState {
  const values = new Map(text.split('\n').map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
  return {
    active: values.get('ActiveState') ?? 'unknown',
    sub: values.get('SubState') ?? 'unknown',
    result: values.get('Result') ?? 'unknown',
    mainPid: Number(values.get('MainPID') ?? 0) || 0
  }
}
