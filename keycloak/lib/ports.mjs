import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Failure, hasCode } from './failure.mjs'
import { tryLock } from './lock.mjs'

// Linux refuses a loopback address whose port is taken on all addresses; other systems have to be asked.
const ADDRESSES = process.platform === 'linux' ? ['127.0.0.1', '::1'] : ['127.0.0.1', '::1', '0.0.0.0', '::']
const LAST = 65_535

/** @type {Set<number>} */
const given = new Set()

/**
 * Finds the next port, from the wanted one up, that nobody listens on, neither on 127.0.0.1 nor on ::1: a
 * browser tries both for `localhost`. It only tries to listen; nothing is sent to whoever holds a port.
 *
 * @param {number} wanted 0 for any
 * @param {string} [claims] a folder in which launchers claim ports, because a server listens seconds after its
 *   port was chosen; without it only this process knows
 */
export async function nextFreePort(wanted, claims) {
  // Below the range that outgoing connections take theirs from.
  for (let port = wanted === 0 ? randomInt(20_000, 30_000) : wanted; port <= LAST; port += 1) {
    if (given.has(port)) continue
    given.add(port)
    if ((await isFree(port)) && (claims === undefined || tryLock(join(claims, String(port))))) return port
    given.delete(port)
  }
  throw new Failure(`No port from ${wanted} up is free.`)
}

/** @param {number} port */
async function isFree(port) {
  for (const host of ADDRESSES) if (!(await canListen(port, host))) return false
  return true
}

/**
 * @param {number} port
 * @param {string} host
 */
async function canListen(port, host) {
  const server = createServer()
  try {
    await once(server.listen({ port, host, exclusive: true }), 'listening')
    return true
  } catch (error) {
    // A machine without IPv6 has nobody listening there either.
    return hasCode(error, 'EADDRNOTAVAIL') || hasCode(error, 'EAFNOSUPPORT')
  } finally {
    if (server.listening) await once(server.close(), 'close')
  }
}

/**
 * The port that a setting asks for, or the next free one, which is said.
 *
 * @param {string} setting
 * @param {number} fallback
 * @param {{ claims: string, say: (line: string) => void }} options
 */
export async function choosePort(setting, fallback, { claims, say }) {
  const value = process.env[setting] ?? ''
  const wanted = /^\d{0,5}$/.test(value) ? Number(value || fallback) : NaN
  if (!(wanted <= LAST)) throw new Failure(`${setting} must be a port number from 0 to ${LAST}.`)
  const port = await nextFreePort(wanted, claims)
  if (port !== wanted && wanted !== 0) say(`Port ${wanted} (${setting}) is taken; taking ${port}.`)
  return port
}
