import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { nextFreePort } from '../../keycloak/lib/ports.mjs'
import { Jar } from '../support/browser-jar.js'
import { KeycloakVisitor } from '../support/keycloak-visitor.js'
import { root } from '../support/packed-package.js'
import { send, type Answer } from '../support/send.js'
import { until } from '../support/until.js'

jest.setTimeout(600_000)

/** A command that is under way, with what it printed. */
class Command {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  #text = ''

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.child = spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.#text += chunk))
    }
    this.ended = new Promise((resolve) => this.child.on('exit', resolve))
  }

  get text(): string {
    return this.#text
  }

  /** Waits for words that it prints. */
  async says(words: string, limit: number): Promise<void> {
    await until(() => {
      if (this.#text.includes(words)) return true
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.#text}`)
      return undefined
    }, limit)
  }

  /** Ctrl-C: a terminal sends it to the command and all that it started. */
  async interrupt(): Promise<void> {
    const over = this.child.exitCode !== null || this.child.signalCode !== null
    if (this.child.pid !== undefined && !over) process.kill(-this.child.pid, 'SIGINT')
    await this.ended
  }
}

/**
 * Somebody who never saw this clones it on a machine with nothing of ours: an empty home folder. What the README says
 * is typed as it stands there.
 */
describe('the first hour', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'latchkey-newcomer-'))
  const clone = path.join(home, 'latchkey')
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], LANG: 'C.UTF-8', HOME: home }
  let demo: Command
  let mine: Command | undefined
  let url: string
  let keycloakUrl: string

  beforeAll(async () => {
    const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
    })
    for (const file of tracked
      .split('\0')
      .filter((name) => name !== '' && existsSync(path.join(root, name)))) {
      cpSync(path.join(root, file), path.join(clone, file))
    }
    // What the machine has configured for its package registries is the newcomer's, too.
    for (const file of ['.npmrc', '.m2/settings.xml']) {
      const configured = path.join(process.env['HOME'] ?? '/', file)
      if (existsSync(configured)) cpSync(configured, path.join(home, file))
    }
    env['PORT'] = String(await nextFreePort(15_000))
    env['KEYCLOAK_PORT'] = String(await nextFreePort(15_500))
  })
  afterAll(async () => {
    await mine?.interrupt()
    await demo.interrupt()
    rmSync(home, { recursive: true, force: true })
  })

  const openPage = async (address: URL, jar: Jar): Promise<Answer> =>
    send(address, address.pathname + address.search, {
      jar,
      headers: { accept: 'text/html', host: address.host },
    })

  /** Opens a page that needs a session and signs in where it leads. Returns the page, or the page about an error. */
  async function signIn(address: string, person: string): Promise<Answer> {
    const jar = new Jar()
    let answer = await openPage(new URL(address), jar)
    const toLogin = new URL(answer.location ?? '', address)
    answer = await openPage(toLogin, jar)
    const callback = await new KeycloakVisitor().signIn(new URL(answer.location ?? ''), person)
    answer = await openPage(callback, jar)
    return answer.location === undefined ? answer : openPage(new URL(answer.location, callback), jar)
  }

  test('the first command of the README starts everything, and says how to go on', async () => {
    const command = 'npm ci && npm run demo'
    expect(readme).toContain(`\n${command}\n`)
    demo = new Command(command, clone, env)
    await demo.says('Stop it with Ctrl-C', 540_000)
    url = /Latchkey is ready: +(\S+)/.exec(demo.text)?.[1] ?? ''
    keycloakUrl = /(http:\S+)\/admin\//.exec(demo.text)?.[1] ?? ''
    expect(url).toBe(`http://localhost:${env['PORT'] ?? ''}`)

    const start = await openPage(new URL(url), new Jar())
    expect(start.body).toContain('Create an account')
    const hello = await signIn(`${url}/hello`, 'alice')
    expect(hello.body).toContain('Hello, Alice Adams! I know who I am!')
    const curl = demo.text.split('\n').find((line) => line.trim().startsWith('curl ')) ?? 'false'
    expect(execFileSync('sh', ['-c', curl], { encoding: 'utf8' })).toBe('{"data":"This is secured data."}')
  })

  test('C000-24 the line that it prints for the command line asks who three clients are, in three blocks', () => {
    const line = demo.text.split('\n').find((text) => text.includes('latchkey whoami')) ?? 'false'
    const output = execFileSync('sh', ['-c', line], { cwd: clone, env, encoding: 'utf8' })
    const block = String.raw`\{"created_time":.*\}\n\{"version":.*\}\n>>>\n`
    const titles = ['PUBLIC CLIENT', 'CONFIDENTIAL CLIENT', 'SERVICE ACCOUNT']
    expect(output).toMatch(new RegExp(`^${titles.map((title) => `${title} <<<\n${block}`).join('')}$`))
  })

  test('the ten lines of the README in an app of one’s own; a mistake is made, read in the log, and mended', async () => {
    const app = path.join(home, 'my-app')
    mkdirSync(app)
    writeFileSync(path.join(app, 'package.json'), '{"name":"my-app","private":true,"type":"module"}')
    const install = /```sh\n(npm pack\n.*?)```/s.exec(readme)?.[1] ?? 'false'
    execFileSync('sh', ['-ec', install], { cwd: clone, env, stdio: 'ignore' })
    const port = await nextFreePort(15_700)
    const lines = /```js\n(.*?)```/s.exec(readme)?.[1] ?? ''
    writeFileSync(path.join(app, 'app.js'), lines.replace('listen(3000)', `listen(${port}, '127.0.0.1')`))
    const settings = {
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      OIDC_ISSUER: `${keycloakUrl}/realms/latchkey`,
      OIDC_CLIENT_ID: 'latchkey-web',
      API_AUDIENCE: 'latchkey-api',
    }
    const hello = `http://127.0.0.1:${port}/hello`
    const start = async (secret: string): Promise<Command> => {
      const command = new Command('node app.js', app, { ...env, ...settings, OIDC_CLIENT_SECRET: secret })
      await until(() =>
        fetch(hello).then(
          () => true,
          () => undefined,
        ),
      )
      return command
    }

    mine = await start('latchkey-secret')
    const refused = await signIn(hello, 'alice')
    expect(refused.status).toBe(502)
    expect(refused.body).toContain('client_refused')
    await mine.says('Clients → latchkey-web → Credentials → Client Secret', 5000)
    await mine.interrupt()

    mine = await start('latchkey-web-secret')
    expect((await signIn(hello, 'alice')).body).toBe('Hello, Alice Adams! I know who I am!')
  })

  test('Ctrl-C ends it all', async () => {
    await mine?.interrupt()
    await demo.interrupt()
    expect(demo.text).not.toContain('ended (')
    for (const address of [url, keycloakUrl]) await expect(fetch(address)).rejects.toThrow('fetch failed')
  })

  test('the second command of the README runs there, too', () => {
    expect(readme).toContain('\nnpm ci && npm test\n')
    const command = 'npm ci --silent && npm test -- unit 2>&1'
    const { stdout: output } = spawnSync('sh', ['-c', command], { cwd: clone, env, encoding: 'utf8' })
    expect(output.trim().split('\n').at(-1)).toMatch(/^[1-9]\d* passed, 0 failed$/)
  })
})
