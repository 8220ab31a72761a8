import { InvalidArgumentError } from 'commander'

/** An option's value: a whole number from `min` to `max`, or refused with these bounds. */
export function parseWhole (min: number, max: number): (value: string) => number {
  return value => {
    const number = Number(value)
    if (!Number.isInteger(number) || number < min || number > max) throw new InvalidArgumentError(`${min} to ${max}`)
    return number
  }
}
