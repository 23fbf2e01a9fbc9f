import { join } from 'node:path'
import { runCommand, say } from './lib/command.mjs'
import { ownFolder, stateFolder } from './lib/folders.mjs'
import { openLog } from './lib/log-file.mjs'
import { openMemory } from './lib/memory.mjs'
import { choosePort } from './lib/ports.mjs'
import { otpRequired, placeholders } from './lib/realm.mjs'
import { prepareRuntime } from './lib/runtime.mjs'
import { REALM_FILE, startKeycloak } from './lib/server.mjs'

await runCommand(async ({ fresh, ready }) => {
  const state = stateFolder()
  const claims = ownFolder(join(state, 'ports'))
  const otp = otpRequired()
  const runtime = await prepareRuntime(say)
  const port = await choosePort('KEYCLOAK_PORT', 8080, { claims, say })
  const managementPort = await choosePort('KEYCLOAK_MANAGEMENT_PORT', 9000, { claims, say })
  const env = { LATCHKEY_BACKCHANNEL_URL: `http://${runtime.appHost}:3000`, ...placeholders() }
  const folder = join(ownFolder(join(state, 'keycloak')), `${port}${otp ? '-otp' : ''}`)
  const memory = openMemory(folder, { realmFile: REALM_FILE, placeholders: env, fresh, say })
  const logFile = join(folder, 'keycloak.log')
  say('Starting Keycloak.')
  const keycloak = await startKeycloak({
    runtime,
    port,
    managementPort,
    home: memory.home,
    forget: memory.forget,
    env: { ...env, KC_BOOTSTRAP_ADMIN_PASSWORD: memory.adminPassword },
    log: openLog(logFile),
    say,
  })
  memory.keep()
  ready()
  process.stdout.write(`
Keycloak is ready.

  Issuer           ${keycloak.issuer}
  Admin console    ${keycloak.url}/admin/master/console/#/latchkey
  Admin account    ${keycloak.admin.username} / ${keycloak.admin.password}
  Health, metrics  ${keycloak.managementUrl}
  Log              ${logFile}

Stop it with Ctrl-C. To forget what it remembers: npm run keycloak -- --fresh
`)
  throw await keycloak.exited
})
