import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { run } from './in-process.js'

const COMMANDS = ['whoami', 'token', 'login', 'logout', 'decode', 'completion']

/** What bash offers behind these words. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run(['completion', 'bash'])
  const line = words.map((word) => `'${word}'`).join(' ')
  const ask = `COMP_WORDS=(latchkey ${line}); COMP_CWORD=${words.length}; _latchkey; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', `${stdout}\n${ask}`])
    .toString()
    .trim()
    .split('\n')
}

describe('latchkey completion', () => {
  test('bash takes the script', async () => {
    const { code, stdout } = await run(['completion', 'bash'])
    expect(code).toBe(0)
    execFileSync('bash', ['-n'], { input: stdout })
  })

  test('bash completes commands, options and values', async () => {
    expect(await offered('')).toEqual([...COMMANDS, 'help', '--help', '--version'])
    expect(await offered('wh')).toEqual(['whoami'])
    expect(await offered('token', '--')).toEqual([
      ...['--grant', '--client', '--audience', '--scope', '--otp', '--json', '--help'],
    ])
    expect(await offered('token', '--grant', '')).toEqual([
      'password',
      'client-credentials',
      'device',
      'refresh',
    ])
    expect(await offered('whoami', '--flow', 's')).toEqual(['service-account'])
    expect(await offered('completion', '')).toContain('zsh')
  })

  test('bash completes a value behind =, which divides words, unless somebody has changed that', async () => {
    expect(await offered('token', '--grant', '=')).toHaveLength(4)
    expect(await offered('token', '--grant', '=', 'pa')).toEqual(['password'])
    expect(await offered('whoami', '--json', '--flow', '=', 'serv')).toEqual(['service-account'])
    expect(await offered('token', '--grant=')).toHaveLength(4)
    expect(await offered('token', '--grant=pa')).toEqual(['--grant=password'])
    for (const words of [['--scope', '='], ['--scope', '=', 'pa'], ['--scope=']])
      expect(await offered('token', ...words)).toEqual([''])
  })

  test.each(['zsh', 'fish'])('%s gets every command and option', async (shell) => {
    const { code, stdout } = await run(['completion', shell])
    expect(code).toBe(0)
    for (const word of [...COMMANDS, 'audience', 'client-credentials', 'service-account']) {
      expect(stdout).toContain(word)
    }
  })
})
