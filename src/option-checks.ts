import { isLongSecret, Refusal, type Reader } from './config-readers.js'

/** Judges a value that nobody has looked at yet, and returns what is used of it. */
export type Check<T> = (value: unknown) => T

export function string<T>(reader: Reader<T>): Check<T> {
  return (value) => {
    if (typeof value !== 'string') throw new Refusal('must be a string')
    return reader(value)
  }
}

export function number(reader: Reader<number>): Check<number> {
  return (value) => {
    if (typeof value !== 'number') throw new Refusal('must be a number')
    return reader(String(value))
  }
}

export const boolean: Check<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new Refusal('must be true or false')
  return value
}

/** An object of somebody else's making with the methods that we call. */
export function having<T extends object>(methods: readonly (keyof T & string)[]): Check<T> {
  return (value) => {
    const given = (value ?? {}) as Partial<Record<string, unknown>>
    if (!methods.every((method) => typeof given[method] === 'function'))
      throw new Refusal(`must have the methods ${methods.join(', ')}`)
    return value as T
  }
}

export const secret: Reader<string> = (value) => {
  if (value === '') throw new Refusal('is empty')
  return value
}

export const longSecrets: Check<readonly string[]> = (value) => {
  const secrets: readonly unknown[] = Array.isArray(value) ? value : []
  const long = secrets.filter((item) => typeof item === 'string').filter(isLongSecret)
  if (long.length === 0 || long.length < secrets.length)
    throw new Refusal('must be an array of secrets of 32 characters or more')
  return long
}

export const clock: Check<() => number> = (value) => {
  if (typeof value !== 'function') throw new Refusal('must be a function')
  return value as () => number
}
