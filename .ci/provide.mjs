// What the tests need from the system and npm does not bring.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

/** Debian asks this before a package starts its service. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d'

/** @param {string[]} names */
function find(names) {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    for (const name of names) {
      const file = path.join(folder, name)
      if (fs.existsSync(file)) return file
    }
  }
  return undefined
}

/**
 * The path of a command, which is installed where that is possible: as root on Debian and its relatives.
 * @param {string} debianPackage
 * @param {string[]} names under which the command may be there
 * @returns {string}
 */
export function provideCommand(debianPackage, names) {
  const there = find(names)
  if (there !== undefined) return there
  if (process.getuid?.() !== 0 || find(['apt-get']) === undefined) {
    throw new Error(`The tests need ${names.join(' or ')}: install the package ${debianPackage}.`)
  }
  process.stderr.write(`installing the package ${debianPackage} …\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  withoutServices(() => {
    for (const command of [['update'], ['install', '-y', '--no-install-recommends', debianPackage]]) {
      spawnSync('apt-get', ['-qq', ...command], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    }
  })
  const installed = find(names)
  if (installed === undefined) throw new Error(`The package ${debianPackage} could not be installed.`)
  return installed
}

/**
 * Keeps what is installed from starting a service: the tests start their own, on ports of their own. A machine that
 * has a policy keeps it.
 * @param {() => void} install
 */
function withoutServices(install) {
  if (fs.existsSync(SERVICE_POLICY)) return install()
  fs.writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    install()
  } finally {
    fs.rmSync(SERVICE_POLICY, { force: true })
  }
}
