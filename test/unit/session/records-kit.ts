import { expect } from '@jest/globals'
import type { Records, StoredRecord } from '../../../src/session/records.js'
import { SLACK, type Kit } from './kits.js'

export const LIFE = 60_000

export interface At {
  readonly kit: Kit
  readonly records: Records
  readonly elsewhere: Records
  readonly key: string
}

/** Writes a record that is not there yet. */
export async function write(
  records: Records,
  key: string,
  value: string,
  life = LIFE,
): Promise<StoredRecord> {
  const written = await records.replace(key, undefined, value, life)
  if (written === undefined) throw new Error('there is one already')
  return written
}

export const many = <T>(make: (i: number) => T): T[] => Array.from({ length: 40 }, (_, i) => make(i))

export function expectEnd(record: StoredRecord | undefined, end: number): void {
  expect(Math.abs((record?.endsAt ?? 0) - end)).toBeLessThan(SLACK)
}
