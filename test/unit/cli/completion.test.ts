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

  test('bash offers no option where a value belongs', async () => {
    for (const words of [
      ['login', '--scope', ''],
      ['token', '--audience', ''],
    ])
      expect(await offered(...words)).toEqual([''])
    expect(await offered('token', '--otp', '')).toContain('--json')
  })

  test('help is completed by the names of commands', async () => {
    expect(await offered('help', '')).toEqual(COMMANDS)
    const { stdout: zsh } = await run(['completion', 'zsh'])
    expect(zsh).toContain(`help) _arguments '1:value:(${COMMANDS.join(' ')})' ;;`)
    const { stdout: fish } = await run(['completion', 'fish'])
    expect(fish).toContain(
      `complete -c latchkey -n '__fish_seen_subcommand_from help' -a '${COMMANDS.join(' ')}'`,
    )
    expect(fish).toContain("complete -c latchkey -n __fish_use_subcommand -a help -d '")
  })

  test.each(['zsh', 'fish'])('%s gets every command and option', async (shell) => {
    const { code, stdout } = await run(['completion', shell])
    expect(code).toBe(0)
    for (const word of [...COMMANDS, 'audience', 'client-credentials', 'service-account']) {
      expect(stdout).toContain(word)
    }
  })
})
