import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { readFileSync, writeFileSync } from 'node:fs'
import { DEMO, eventually, isAlive, isListening, KEYCLOAK, Sandbox, type Run } from './sandbox.js'

let box: Sandbox
beforeEach(() => {
  box = new Sandbox()
})
afterEach(() => box.remove())

interface Demo {
  readonly run: Run
  readonly app: number
  readonly keycloak: number
}

async function startDemo(): Promise<Demo> {
  const run = box.run(DEMO, { PORT: '0', KEYCLOAK_PORT: '0', KEYCLOAK_MANAGEMENT_PORT: '0' })
  await run.until('Stop it with Ctrl-C.')
  const [, app, keycloak] = /demo\/(\d+)-(\d+)\/app\.log/.exec(run.output()) ?? []
  const server = box.json('.local/state/latchkey/demo', `${app}-${keycloak}`, 'keycloak/data/started.json')
  return { run, app: box.json('app.json').pid, keycloak: server.pid }
}

async function expectNothingLeft({ run, app, keycloak }: Demo): Promise<void> {
  const ports = run.output().match(/(?<=http:\/\/localhost:)\d+/g) ?? []
  expect(ports.length).toBeGreaterThan(1)
  await eventually(() => !isAlive(app) && !isAlive(keycloak), 'app and Keycloak have ended')
  for (const port of ports) {
    await eventually(async () => !(await isListening(Number(port))), `port ${port} is free`)
  }
  await eventually(() => !box.isUsed(), 'no guard and no script is left')
}

describe('every ending of the demo ends everything', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('LA-04 %s: exit code 0', async (signal) => {
    const demo = await startDemo()
    demo.run.child.kill(signal)
    expect(await demo.run.ended()).toBe(0)
    await expectNothingLeft(demo)
  })

  test('LA-04 SIGKILL of the command', async () => {
    const demo = await startDemo()
    demo.run.child.kill('SIGKILL')
    expect(await demo.run.ended()).toBe('SIGKILL')
    await expectNothingLeft(demo)
  })

  test('LA-04 a closed terminal: output and signal go at once', async () => {
    const demo = await startDemo()
    demo.run.child.stdout?.destroy()
    demo.run.child.stderr?.destroy()
    demo.run.child.kill('SIGHUP')
    expect(await demo.run.ended()).toBe(0)
    await expectNothingLeft(demo)
  })

  test('LA-04 a crash of the app: exit code 1, and it says what', async () => {
    const demo = await startDemo()
    process.kill(demo.app, 'SIGKILL')
    expect(await demo.run.ended()).toBe(1)
    expect(demo.run.output()).toContain('The app ended (signal SIGKILL).')
    await expectNothingLeft(demo)
  })

  test('LA-04 a crash of Keycloak: exit code 1, and it says what', async () => {
    const demo = await startDemo()
    process.kill(demo.keycloak, 'SIGKILL')
    expect(await demo.run.ended()).toBe(1)
    expect(demo.run.output()).toContain('Keycloak ended (exit code 137).')
    await expectNothingLeft(demo)
  })

  test('LA-04 the start script alone is killed: the server behind it ends, too', async () => {
    const demo = await startDemo()
    process.kill(parentOf(demo.keycloak), 'SIGKILL')
    expect(await demo.run.ended()).toBe(1)
    await expectNothingLeft(demo)
  })

  test('LA-04 the guard is killed: what it guarded ends all the same', async () => {
    const demo = await startDemo()
    process.kill(parentOf(parentOf(demo.keycloak)), 'SIGKILL')
    expect(await demo.run.ended()).toBe(1)
    await expectNothingLeft(demo)
  })

  test('LA-04 a server that does not listen to signals is ended within ten seconds', async () => {
    writeFileSync(box.path('ignores-signals'), '')
    const demo = await startDemo()
    demo.run.child.kill('SIGTERM')
    expect(await demo.run.ended()).toBe(0)
    await expectNothingLeft(demo)
  })

  test('LA-04 the second Ctrl-C does not wait; npm sending the first one twice is no second', async () => {
    writeFileSync(box.path('ignores-signals'), '')
    const demo = await startDemo()
    const begin = Date.now()
    demo.run.child.kill('SIGINT')
    await demo.run.until('Stopping.')
    demo.run.child.kill('SIGINT')
    await eventually(() => Date.now() - begin > 600, 'the key was let go')
    expect(demo.run.child.exitCode).toBeNull()
    demo.run.child.kill('SIGINT')
    expect(await demo.run.ended()).toBe(130)
    await expectNothingLeft(demo)
    // Without hurry it would have had six seconds.
    expect(Date.now() - begin).toBeLessThan(5_000)
  })
})

test('LA-04 the loss of npm, which cannot pass on a SIGKILL, ends the command', async () => {
  const npm = spawn('sh', ['-c', `'${process.execPath}' '${KEYCLOAK}' & echo $!; wait`], {
    env: { ...box.env, KEYCLOAK_PORT: '0', KEYCLOAK_MANAGEMENT_PORT: '0', npm_lifecycle_event: 'keycloak' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  npm.stdout.on('data', (data: Buffer) => (output += data.toString()))
  await eventually(() => output.includes('Keycloak is ready.'), 'Keycloak is ready')
  const command = Number.parseInt(output, 10)
  try {
    npm.kill('SIGKILL')
    await once(npm, 'exit')
    await eventually(() => !isAlive(command) && !box.isUsed(), 'nothing is left')
  } finally {
    if (isAlive(command)) process.kill(command, 'SIGKILL')
  }
})

test('LA-04 with standard input closed the command runs until a signal', async () => {
  const run = box.run(KEYCLOAK, { KEYCLOAK_PORT: '0', KEYCLOAK_MANAGEMENT_PORT: '0' })
  await run.until('Keycloak is ready.')
  const port = Number(/localhost:(\d+)/.exec(run.output())?.[1])
  run.child.stdout?.destroy()
  run.child.stderr?.destroy()
  expect(await isListening(port)).toBe(true)
  expect(run.child.exitCode).toBeNull()
  run.child.kill('SIGTERM')
  expect(await run.ended()).toBe(0)
})

/** The process above another one. */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}
