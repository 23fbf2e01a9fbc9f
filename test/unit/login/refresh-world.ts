import type { Request } from 'express'
import expressSession, { type SessionData } from 'express-session'
import { isAppError } from '../../../src/errors.js'
import { createLoginSession, loginPart, type LoginSession } from '../../../src/login/login-session.js'
import { createRefresher, type Refresher } from '../../../src/login/refresh.js'
import type { RenewalOptions } from '../../../src/login/renewal.js'
import { endOfToken } from '../../../src/login/token-life.js'
import { silentLog } from '../../../src/log.js'
import { noMetrics } from '../../../src/metrics.js'
import { createLocks } from '../../../src/session/lock.js'
import { MemoryRecords } from '../../../src/session/memory-records.js'
import type { Records, StoredRecord } from '../../../src/session/records.js'
import { SessionStore } from '../../../src/session/session-store.js'
import { Provider } from './refresh-provider.js'
import { LIFE, SID, sleep, UPSTREAM_TIMEOUT, type Break, type Script, type Step } from './refresh-script.js'

const NEVER = new Promise<never>(() => undefined)
/** The number at the end of a token: how many there were before it. */
const numberOf = (token: string | undefined): number => Number(/\d+$/.exec(token ?? '')?.[0])

/** Several processes, their store and a provider, on a clock that somebody else moves. It notes what must not be. */
export class World {
  readonly faults: string[] = []
  /** How requests ended. */
  readonly outcomes = new Set<string>()
  readonly records = new MemoryRecords({ now: () => Date.now() })
  readonly provider: Provider
  readonly script: Script
  readonly broken: Break
  readonly #processes: Process[]
  readonly #requests: { readonly process: Process; isSettled: boolean }[] = []
  isOver = false
  #ways = 0
  #held = { access: 0, refresh: 0 }

  constructor(script: Script, broken: Break = (options) => options) {
    this.script = script
    this.broken = broken
    this.provider = new Provider(script, this.faults)
    this.#processes = [0, 1, 2].map(() => new Process(this))
  }

  async begin(): Promise<void> {
    const issued = {
      claims: { sub: 'person' },
      idToken: 'id',
      accessToken: 'access-0',
      refreshToken: 'refresh-0',
    }
    const login = createLoginSession(
      { ...issued, claims: { ...issued.claims } as never, scope: new Set(['openid']), expiresIn: LIFE },
      // Due already.
      { issuer: 'https://id.example', device: {}, now: Date.now() - 40_000 },
    )
    const session = { cookie: new expressSession.Cookie(), latchkey: login }
    const { store } = this.process(0)
    await new Promise((resolve) => store.set(SID, session, resolve))
  }

  step(step: Step): void {
    const process = this.process(step.process)
    if (step.op === 'crash') {
      process.crash()
      this.#processes[step.process] = new Process(this)
    } else if (step.op === 'stand-still') {
      process.standStill(step.time)
    } else if (step.op === 'sign-out') {
      void process.signOut()
    } else {
      const request = { process, isSettled: false }
      this.#requests.push(request)
      void process.request(step).then(() => {
        request.isSettled = true
      })
    }
  }

  /** How many requests of processes that live were never answered. */
  get unsettled(): number {
    return this.#requests.filter(({ process, isSettled }) => !isSettled && !process.isDead).length
  }

  process(number: number): Process {
    const process = this.#processes[number]
    if (process === undefined) throw new Error(`there is no process ${number}`)
    return process
  }

  way(): number {
    const { ways } = this.script
    return ways[this.#ways++ % ways.length] ?? 0
  }

  /** Called at the very moment of a writing. */
  written(record: StoredRecord): void {
    const { accessToken, refreshToken } = loginIn(record).tokens
    const now = { access: numberOf(accessToken), refresh: numberOf(refreshToken) }
    if (this.isOver) this.faults.push('an ended session came back')
    if (now.access < this.#held.access || now.refresh < this.#held.refresh)
      this.faults.push(`${JSON.stringify(now)} was stored over ${JSON.stringify(this.#held)}`)
    this.#held = now
  }

  /** Called at the very moment of a removal. */
  removed(record: StoredRecord, bySignOut: boolean): void {
    this.isOver = true
    const { refreshToken = '' } = loginIn(record).tokens
    if (!bySignOut && !this.provider.refused.has(refreshToken))
      this.faults.push(`the session ended, and ${refreshToken} was not refused`)
  }
}

const loginIn = (record: StoredRecord): LoginSession =>
  (JSON.parse(record.value) as { own: LoginSession }).own

class Process {
  isDead = false
  readonly store: SessionStore<LoginSession>
  readonly #world: World
  readonly #refresher: Refresher
  #asleepUntil = 0

  constructor(world: World) {
    this.#world = world
    const records = recordsOf(this, world, false)
    this.store = storeOver(records)
    const options: RenewalOptions = {
      store: this.store,
      locks: createLocks({ records }),
      renew: (login) => world.provider.renew(login, this),
      abandon: () => {
        if (!world.isOver) world.faults.push('tokens of a session that lives were given up')
        return Promise.resolve()
      },
      refreshBefore: 30,
      upstreamTimeout: UPSTREAM_TIMEOUT,
      log: silentLog,
      metrics: noMetrics,
      now: () => Date.now(),
    }
    this.#refresher = createRefresher(world.broken(options, records, this.store))
  }

  /** Nothing of it happens any more. */
  crash(): void {
    this.isDead = true
  }

  /** As a process whose machine is suspended. */
  standStill(time: number): void {
    this.#asleepUntil = Date.now() + time
  }

  async awake(): Promise<void> {
    while (!this.isDead && Date.now() < this.#asleepUntil) await sleep(this.#asleepUntil - Date.now())
    if (this.isDead) await NEVER
  }

  async signOut(): Promise<void> {
    await storeOver(recordsOf(this, this.#world, true)).end(SID)
  }

  /** As express-session and the guard do it: read, renew, work, write what has changed. */
  async request({ thinks, works }: { readonly thinks: number; readonly works: number }): Promise<void> {
    const { store } = this
    const data = await new Promise<SessionData | null | undefined>((resolve) =>
      store.get(SID, (_error, found) => resolve(found)),
    )
    if (!data) return
    const req = { sessionID: SID, sessionStore: store } as unknown as Request
    const session = store.createSession(req, data)
    await sleep(thinks)
    await this.awake()
    const login = await this.#fresh(session.latchkey as LoginSession)
    if (login === undefined) return
    session.latchkey = login
    await sleep(works)
    await this.awake()
    Object.assign(session, { visited: works })
    await new Promise((resolve) => store.set(SID, session, resolve))
  }

  async #fresh(login: LoginSession): Promise<LoginSession | undefined> {
    const { faults, outcomes } = this.#world
    try {
      const fresh = await this.#refresher.fresh(SID, login)
      if (fresh === undefined && !this.#world.isOver) faults.push('a session that lives was said to be over')
      if (fresh !== undefined && endOfToken(fresh.tokens) <= Date.now())
        faults.push('a token that is over was given')
      outcomes.add(fresh === undefined ? 'over' : 'fresh')
      return fresh
    } catch (error) {
      outcomes.add('thrown')
      if (!isAppError(error)) faults.push(`no error of ours: ${String(error)}`)
      if (endOfToken(login.tokens) > Date.now()) faults.push('a request failed whose token is good')
      return undefined
    }
  }
}

function storeOver(records: Records): SessionStore<LoginSession> {
  return new SessionStore({
    records,
    own: loginPart,
    idleTimeout: 36_000,
    absoluteTimeout: 36_000,
    now: () => Date.now(),
  })
}

/** The records as a process reaches them: each way takes its time, and nothing comes of what is sent by a dead one. */
function recordsOf(process: Process, world: World, signsOut: boolean): Records {
  const { records } = world
  async function send<T>(work: () => Promise<T>): Promise<T> {
    await sleep(world.way())
    await process.awake()
    const answer = await work()
    await sleep(world.way())
    await process.awake()
    return answer
  }
  return {
    get: (key) => send(() => records.get(key)),
    replace: (key, before, value, life) =>
      send(async () => {
        const written = await records.replace(key, before, value, life)
        if (written !== undefined && key.startsWith('session:')) world.written(written)
        return written
      }),
    remove: (key, before) =>
      send(async () => {
        const removed = await records.remove(key, before)
        if (removed !== undefined && key.startsWith('session:')) world.removed(removed, signsOut)
        return removed
      }),
    prolong: (key, life) => send(() => records.prolong(key, life)),
    addMember: (key, name, life) => send(() => records.addMember(key, name, life)),
    removeMember: (key, name) => send(() => records.removeMember(key, name)),
    members: (key) => send(() => records.members(key)),
    countMembers: (key, since) => send(() => records.countMembers(key, since)),
    probe: () => records.probe(),
    close: () => records.close(),
  }
}
