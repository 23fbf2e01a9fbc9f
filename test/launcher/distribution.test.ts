import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { eventually, isAlive, KEYCLOAK, Sandbox, sha1Of, type Run } from './sandbox.js'

const READY = 'Keycloak is ready.'
const UNFINISHED = 'A previous download was not finished; starting again.'

let box: Sandbox
beforeEach(() => {
  box = new Sandbox()
})
afterEach(() => box.remove())

async function stop(run: Run): Promise<void> {
  run.child.kill('SIGTERM')
  expect(await run.ended()).toBe(0)
}

async function expectNextStartCompletes(): Promise<void> {
  const run = box.run(KEYCLOAK)
  await run.until(READY)
  expect(run.output()).toContain(UNFINISHED)
  expect(readdirSync(box.cache)).toEqual([expect.stringMatching(/^keycloak-26\.7\.4-[0-9a-f]{8}$/)])
  await stop(run)
}

describe('a download or build that does not get to the end', () => {
  const cut = () => readFileSync(box.archive).subarray(0, 700)
  /** Another archive than the good one. */
  const replaced = (content: Buffer) => {
    writeFileSync(box.path('other.tar.gz'), content)
    return { KEYCLOAK_ARCHIVE: box.path('other.tar.gz') }
  }

  test.each<[string, () => NodeJS.ProcessEnv, string]>([
    ['an archive that is cut', () => replaced(cut()), 'is not the archive it should be'],
    ['a wrong sum', () => ({ KEYCLOAK_ARCHIVE_SHA1: '0'.repeat(40) }), 'is not the archive it should be'],
    ['a broken archive', () => ({ ...replaced(cut()), KEYCLOAK_ARCHIVE_SHA1: sha1Of(cut()) }), 'tar -xzf'],
    ['no archive', () => ({ KEYCLOAK_ARCHIVE: box.path('none') }), 'There is no archive at'],
  ])(
    'LA-01 %s: one message, nothing half-made stays, the next start says so',
    async (_name, spoil, message) => {
      const output = await box.fail(KEYCLOAK, spoil())
      expect(output).toContain(message)
      expect(output).not.toMatch(/^ +at /m)
      // The mark that the next start reads; there is nothing in it.
      expect(readdirSync(box.cache, { recursive: true })).toEqual(['unfinished'])
      await expectNextStartCompletes()
    },
  )

  test('LA-01 a full device: said, and the start after making room completes it', async () => {
    box.program('tar', 'echo "tar: kc.sh: Cannot write: No space left on device" >&2; exit 2')
    expect(await box.fail(KEYCLOAK)).toContain('There is no space left')
    box.program('tar', 'exec /bin/tar "$@"')
    await expectNextStartCompletes()
  })

  test('LA-01 killed while unpacking: the next start says so and completes it', async () => {
    box.program('tar', 'echo $$ > "$HOME/tar.pid"; /bin/tar "$@"; sleep 60')
    await killOnce('tar.pid')
    box.program('tar', 'exec /bin/tar "$@"')
    await expectNextStartCompletes()
  })

  test('LA-01 killed while building: the next start says so and completes it', async () => {
    writeFileSync(box.path('build-hangs'), '')
    await killOnce('build.pid')
    box.forget('build-hangs')
    await expectNextStartCompletes()
  })

  /** Kills the command when a step of it has begun; the step ends, too. */
  async function killOnce(pidFile: string): Promise<void> {
    const run = box.run(KEYCLOAK)
    await eventually(() => existsSync(box.path(pidFile)), `${pidFile} is there`)
    const pid = Number(readFileSync(box.path(pidFile), 'utf8'))
    run.child.kill('SIGKILL')
    expect(await run.ended()).toBe('SIGKILL')
    await eventually(() => !isAlive(pid), 'the step has ended')
  }
})

describe('two starts at once', () => {
  const PORTS = { KEYCLOAK_PORT: '0', KEYCLOAK_MANAGEMENT_PORT: '0' }

  test('LA-02 on an empty cache there is one build, and both run; so it is on a full one', async () => {
    box.program('tar', 'echo unpacked >> "$HOME/unpacked"; exec /bin/tar "$@"')
    for (const cache of ['empty', 'full']) {
      const runs = [box.run(KEYCLOAK, PORTS), box.run(KEYCLOAK, PORTS)]
      for (const run of runs) await run.until(READY)
      const issuers = runs.map((run) => /Issuer +(\S+)/.exec(run.output())?.[1])
      expect([cache, new Set(issuers).size]).toEqual([cache, 2])
      for (const run of runs) await stop(run)
    }
    expect(readFileSync(box.path('unpacked'), 'utf8')).toBe('unpacked\n')
    expect(readFileSync(box.path('builds'), 'utf8')).toBe('built\n')
  })

  test('LA-02 that want the same ports get ports and homes of their own', async () => {
    const wanted = { KEYCLOAK_PORT: '18080', KEYCLOAK_MANAGEMENT_PORT: '19000' }
    const first = box.run(KEYCLOAK, wanted)
    await first.until(READY)
    await stop(first)
    // As long as the real one: a port is chosen long before anybody listens there.
    writeFileSync(box.path('listens-late'), '')
    const runs = [box.run(KEYCLOAK, wanted), box.run(KEYCLOAK, wanted)]
    for (const run of runs) await run.until(READY)
    expect(readdirSync(`${box.state}/keycloak`)).toHaveLength(2)
    expect(runs.filter((run) => run.output().includes('Port 18080 (KEYCLOAK_PORT) is taken'))).toHaveLength(1)
    for (const run of runs) await stop(run)
  })
})
