import { describe, expect, test } from '@jest/globals'
import { ConfigError, loadConfig } from '../../../src/config.js'

const REQUIRED = {
  OIDC_ISSUER: 'https://id.example/realms/demo',
  OIDC_CLIENT_ID: 'webapp',
  OIDC_CLIENT_SECRET: 'client-secret',
  API_AUDIENCE: 'the-api',
}

function load(changes: Readonly<Record<string, string>>): number | undefined | readonly string[] {
  try {
    return loadConfig({ ...REQUIRED, ...changes }).managementPort
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('MANAGEMENT_PORT', () => {
  test.each(['65536', '-1', '9e3', 'x', '9000a', ' ', '0x1'])('%p is refused, by name', (value) => {
    expect(load({ MANAGEMENT_PORT: value })).toEqual([
      'MANAGEMENT_PORT must be a whole number from 0 to 65535',
    ])
  })

  test('is not the port where everybody comes, given or not', () => {
    const refused = ['MANAGEMENT_PORT must differ from PORT']
    expect(load({ MANAGEMENT_PORT: '4000', PORT: '4000' })).toEqual(refused)
    expect(load({ MANAGEMENT_PORT: '3000' })).toEqual(refused)
    expect(load({ MANAGEMENT_PORT: '3000', PORT: '4000' })).toBe(3000)
  })

  test.each([
    ['1', 1],
    ['9464', 9464],
    ['65535', 65_535],
    ['0', 0],
  ])('%p is %p', (value, port) => {
    expect(load({ MANAGEMENT_PORT: value })).toBe(port)
  })

  test('0 is any, beside a PORT that is any, too', () => {
    expect(load({ MANAGEMENT_PORT: '0', PORT: '0', PUBLIC_URL: 'http://localhost:3000' })).toBe(0)
  })

  test('without it there is none', () => {
    expect([load({}), load({ MANAGEMENT_PORT: '' })]).toEqual([undefined, undefined])
  })
})
