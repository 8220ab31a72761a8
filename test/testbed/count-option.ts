import { InvalidArgumentError } from 'commander'

/** For an option that takes one of a few numbers. */
export function parseCount<Count extends number> (...allowed: readonly Count[]): (value: string) => Count {
  return value => {
    const count = allowed.find(one => String(one) === value)
    if (count === undefined) throw new InvalidArgumentError(`${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}`)
    return count
  }
}
