import { StoreQuorumError, StoreUnavailableError, type StoreError } from './store-errors.ts'

export interface Gathered<T> {
  readonly values: readonly T[]
  readonly errors: readonly StoreError[]
}

export function majorityOf (instances: number): number {
  return Math.floor(instances / 2) + 1
}

/** Resolves as soon as the answers are enough, or all are there: one that hangs does not hold up the others. */
export function gather<T> (calls: readonly Promise<T>[], enough: (values: readonly T[]) => boolean): Promise<Gathered<T>> {
  const { promise, resolve } = Promise.withResolvers<Gathered<T>>()
  const values: T[] = []
  const errors: StoreError[] = []
  const look = () => { if (enough(values) || values.length + errors.length === calls.length) resolve({ values: [...values], errors: [...errors] }) }
  for (const call of calls) {
    call.then(value => { values.push(value) }, (error: StoreError) => { errors.push(error) }).then(look, look)
  }
  return promise
}

/** What is known when too few answered: with one instance, its own error. */
export function tooFew (instances: number, answered: number, errors: readonly StoreError[]): StoreError {
  if (instances === 1) return errors[0] ?? new StoreUnavailableError('redis', 'no answer')
  return new StoreQuorumError(instances, answered, errors.map(({ message }) => message))
}
