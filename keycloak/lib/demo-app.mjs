import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from './failure.mjs'
import { openLog } from './log-file.mjs'
import { spawnGuarded } from './processes.mjs'

const READY_MS = 120_000
// Less than the guard's patience, so that the app ends by itself.
const SHUTDOWN_GRACE = '4'

// Settings that say who the app is and where; the others of this terminal reach it.
const OURS = /^(OIDC_|UMA_|KEYCLOAK_|LATCHKEY_|SESSION_SECRETS|PUBLIC_URL$|API_AUDIENCE$|npm_)/

/**
 * @typedef {object} App
 * @property {Promise<Failure>} exited settles when nothing of the app is left, and explains it
 * @property {() => Promise<void>} ready settles when it answers, fails when it ends before
 *
 * @param {object} options
 * @param {string} options.script
 * @param {number} options.port
 * @param {string} options.publicUrl
 * @param {string} options.issuer
 * @param {string} options.sessionSecret
 * @param {NodeJS.ProcessEnv} options.realm the realm's placeholders, which may hold other secrets
 * @param {string} options.logFile
 * @param {(line: string) => void} options.say gets what the app warns of
 * @returns {App}
 */
export function startApp({ script, port, publicUrl, issuer, sessionSecret, realm, logFile, say }) {
  const inherited = Object.entries(process.env).filter(([name]) => !OURS.test(name))
  const log = openLog(logFile)
  const app = spawnGuarded(process.execPath, [script], {
    env: {
      ...Object.fromEntries(inherited),
      NODE_ENV: 'development',
      SHUTDOWN_GRACE,
      PORT: String(port),
      HOST: 'localhost',
      PUBLIC_URL: publicUrl,
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: 'latchkey-web',
      OIDC_CLIENT_SECRET: realm['LATCHKEY_WEB_SECRET'] ?? 'latchkey-web-secret',
      API_AUDIENCE: 'latchkey-api',
      UMA_CLIENT_SECRET: realm['LATCHKEY_API_SECRET'] ?? 'latchkey-api-secret',
      SESSION_SECRETS: sessionSecret,
    },
    onLine(line) {
      log(line)
      const warning = warningIn(line)
      if (warning !== undefined) say(`App: ${warning}`)
    },
  })
  const exited = app.ended.then(({ code, signal }) => {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`
    const lines = app.lastLines().slice(-10)
    return new Failure(
      [`The app ended (${how}). Its last words:`, ...lines.map((line) => `  ${line}`)].join('\n'),
    )
  })
  return { exited, ready: () => untilAnswers(`http://127.0.0.1:${port}/readyz`, exited) }
}

/**
 * @param {string} url
 * @param {Promise<Failure>} exited
 */
async function untilAnswers(url, exited) {
  /** @type {Failure | undefined} */
  let failure
  void exited.then((explanation) => (failure = explanation))
  for (const until = Date.now() + READY_MS; Date.now() < until; await sleep(50)) {
    if (failure !== undefined) throw failure
    const status = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.status,
      () => 0,
    )
    if (status === 200) return
  }
  throw new Failure(`The app did not answer within ${READY_MS / 1000} seconds.`)
}

/**
 * The app logs one JSON object a line. Its message is shown as it is escaped there, since parts of it may come
 * from outside.
 *
 * @param {string} line
 */
const warningIn = (line) =>
  /"level":"(?:warn|error|fatal)"/.test(line) ? /"msg":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] : undefined
