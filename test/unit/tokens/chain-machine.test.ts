import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Chain } from '../../../src/tokens/chain.js'
import { TokenError } from '../../../src/tokens/errors.js'
import { MemoryStore, World, type Fate } from './chain-world.js'

type Step =
  | {
      readonly op: 'call'
      readonly chain: number
      readonly scope: string
      readonly aborts: number | undefined
    }
  | { readonly op: 'force' | 'refuse' | 'end' | 'revoke'; readonly chain: number }
  | { readonly op: 'pass'; readonly time: number }

type Kind = 'repeatable' | 'once' | 'refresh only'

interface Script {
  readonly kind: Kind
  /** How many processes share the store; without one there is one. */
  readonly processes: 1 | 2 | 3
  readonly steps: readonly Step[]
  readonly fates: readonly Fate[]
  readonly delays: readonly number[]
  readonly rotates: boolean
  readonly givesRefreshToken: boolean
}

const RUNS = 1000
const WANTED = { refreshBefore: 10 }

/** Plays a script, and returns what must not be. */
async function faultsOf(script: Script): Promise<readonly string[]> {
  const world = new World()
  world.mayTryAgain = script.kind === 'refresh only'
  Object.assign(world, { rotates: script.rotates, givesRefreshToken: script.givesRefreshToken })
  Object.assign(world, { fates: [...script.fates], delays: [...script.delays] })
  const store = script.processes > 1 ? new MemoryStore() : undefined
  const grant = script.kind === 'refresh only' ? undefined : world.grant(script.kind)
  const first = script.kind === 'refresh only' ? world.signIn() : undefined
  if (store && first) store.kept = world.expired(first)
  const given = store === undefined ? first : undefined
  const chains = Array.from({ length: script.processes }, () => world.chain({ grant, store }, given))
  const player = new Player(world, chains, script.kind)
  for (const step of script.steps) await player.play(step)
  await world.pass(60_000)
  if (player.unsettled > 0) world.faults.push(`${player.unsettled} callers were never answered`)
  await player.afterTrouble()
  return world.faults
}

class Player {
  unsettled = 0
  readonly #world: World
  readonly #chains: readonly Chain[]
  readonly #kind: Kind

  constructor(world: World, chains: readonly Chain[], kind: Kind) {
    this.#world = world
    this.#chains = chains
    this.#kind = kind
  }

  async play(step: Step): Promise<void> {
    if (step.op === 'pass') return this.#world.pass(step.time)
    const chain = this.#chains[step.chain % this.#chains.length]
    if (chain === undefined) return
    if (step.op === 'call') void this.#call(chain, step.scope, step.aborts)
    else if (step.op === 'force') void this.#call(chain, '', undefined, 'renew')
    else if (step.op === 'refuse')
      void chain.get({ scope: '', ...WANTED }).then(
        ({ accessToken }) => chain.refuse('', accessToken, 'api'),
        () => undefined,
      )
    else if (step.op === 'end') this.#world.end(this.#world.sent.at(-1) ?? '')
    else void chain.revoke()
  }

  async #call(
    chain: Chain,
    scope: string,
    aborts: number | undefined,
    how: 'get' | 'renew' = 'get',
  ): Promise<void> {
    this.unsettled++
    const leaving = new AbortController()
    const reason = new Error('leaves')
    if (aborts !== undefined) void this.#leave(leaving, reason, aborts)
    try {
      const tokens = await chain[how]({ scope, ...WANTED }, leaving.signal)
      if (!this.#world.isCurrent(tokens.accessToken))
        this.#world.faults.push(`${tokens.accessToken} was given out, and it was over`)
    } catch (error) {
      if (error !== reason && !(error instanceof TokenError))
        this.#world.faults.push(`thrown: ${String(error)}`)
    } finally {
      this.unsettled--
    }
  }

  /** So many turns later. */
  async #leave(leaving: AbortController, reason: Error, turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    leaving.abort(reason)
  }

  /** Where there is a way to a token, there is one. */
  async afterTrouble(): Promise<void> {
    const world = this.#world
    Object.assign(world, { fates: [], delays: [] })
    await world.pass(100_000)
    if (this.#kind !== 'repeatable') return
    for (const chain of this.#chains) {
      let token: string | undefined
      void chain.get({ scope: '', ...WANTED }).then(
        ({ accessToken }) => (token = accessToken),
        () => undefined,
      )
      await world.pass(1000)
      if (token === undefined || !world.isCurrent(token)) world.faults.push('after trouble there is no token')
    }
  }
}

const chain = fc.nat({ max: 2 })
const call = fc.record({
  op: fc.constant('call' as const),
  chain,
  scope: fc.constantFrom('', '', 'a', 'b a'),
  aborts: fc.constantFrom(undefined, undefined, undefined, 0, 1, 5, 20),
})
const pass = fc.record({
  op: fc.constant('pass' as const),
  time: fc.constantFrom(0, 1, 10, 500, 1999, 2001, 10_000, 49_999, 50_001, 61_000),
})
const other = fc.record({ op: fc.constantFrom('force', 'refuse', 'end', 'revoke'), chain } as const)
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: call },
  { weight: 5, arbitrary: pass },
  { weight: 2, arbitrary: other },
)
const FATES: readonly Fate[] = ['granted', 'granted', 'same', 'refused', 'client refused', 'away']
const LOSSES: readonly Fate[] = ['lost', 'odd', 'spent for nothing']

const scripts = (kind: Kind, processes: Script['processes'], fates: readonly Fate[]): fc.Arbitrary<Script> =>
  fc.record({
    kind: fc.constant(kind),
    processes: fc.constant(processes),
    steps: fc.array(steps, { minLength: 3, maxLength: 30, size: 'max' }),
    fates: fc.array(fc.constantFrom(...fates), { maxLength: 12 }),
    delays: fc.array(fc.constantFrom(0, 0, 1, 100, 3000, 9999), { maxLength: 12 }),
    rotates: fc.boolean(),
    givesRefreshToken: fc.boolean(),
  })

const holds = (arbitrary: fc.Arbitrary<Script>) =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (script) => {
      expect(await faultsOf(script)).toEqual([])
    }),
    { numRuns: RUNS },
  )

describe('callers, expiries, refusals and outages in any order', () => {
  test(
    'TK-01 TK-02 a grant that can be repeated: one call at a time, nothing spent or perhaps spent is sent, and it heals',
    () => holds(scripts('repeatable', 1, [...FATES, ...LOSSES])),
    120_000,
  )

  test(
    'TK-01 TK-02 a grant that counts once: the same, while no answer is lost',
    () => holds(scripts('once', 1, [...FATES, 'spent for nothing'])),
    120_000,
  )

  test(
    'TK-01 TK-02 a refresh token alone: the same, and after a lost answer it is tried again',
    () => holds(scripts('refresh only', 1, [...FATES, ...LOSSES])),
    120_000,
  )

  test('TK-01 CL-04 two and three processes with one store: the same', async () => {
    await holds(scripts('repeatable', 2, [...FATES, ...LOSSES]))
    await holds(scripts('repeatable', 3, [...FATES, ...LOSSES]))
    await holds(scripts('refresh only', 2, [...FATES, 'spent for nothing']))
  }, 240_000)
})
