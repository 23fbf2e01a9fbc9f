import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { createClientCredentialsProvider } from '../../../src/tokens.js'
import { CLIENT_ID, CLIENT_SECRET, ScriptedProvider } from '../../support/scripted-provider.js'
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.js'

let provider: ScriptedProvider

beforeAll(async () => {
  provider = await ScriptedProvider.start()
})
afterAll(async () => {
  await provider.close()
  removeTemporaryFolders()
})

test('TK-07 a secret file that is emptied leaves the old secret, and a warning names it', async () => {
  const clientSecretFile = path.join(temporaryFolder(), 'secret')
  writeFileSync(clientSecretFile, `${CLIENT_SECRET}\n`)
  const tokens = createClientCredentialsProvider({
    issuer: provider.issuer,
    clientId: CLIENT_ID,
    clientSecretFile,
  })
  expect(await tokens()).toMatch(/^eyJ/)
  writeFileSync(clientSecretFile, '')
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  expect(await tokens.renew()).toMatch(/^eyJ/)
  const calls = emitWarning.mock.calls as unknown as [string, unknown][]
  emitWarning.mockRestore()
  expect(calls).toEqual([
    [
      expect.stringContaining('clientSecretFile'),
      { type: 'LatchkeyWarning', code: 'client_secret_file_unusable' },
    ],
  ])
  expect(JSON.stringify(calls)).not.toContain(CLIENT_SECRET)
})
