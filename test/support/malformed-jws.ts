import { encode, forge, headerOf, signature } from './forging.js'
import type { SigningKey } from './signing.js'

/** What a forgery is called, and the forgery. */
export type Malformed = readonly [name: string, token: string]

interface Original {
  readonly key: SigningKey
  readonly claims: Record<string, unknown>
  readonly header: string
  readonly payload: string
  readonly signature: Buffer
  /** Another good token under the same key. */
  readonly other: readonly string[]
}

/**
 * Malformed and wrongly signed variants of a good token under `key`: what parsers and verifiers of JWS have got wrong
 * before. Each is made of the characters of bearer credentials, so that it reaches the verifier.
 */
export function malformedJws(key: SigningKey, claims: Record<string, unknown>): readonly Malformed[] {
  const [header = '', payload = '', text = ''] = forge(headerOf(key), claims, key).split('.')
  const other = forge(headerOf(key), { ...claims, sub: 'another-subject' }, key).split('.')
  const original = { key, claims, header, payload, signature: Buffer.from(text, 'base64url'), other }
  return [
    ...shapes(original),
    ...flips(original),
    ...values(original),
    ...inputs(original),
    ...algorithms(original),
    ...(key.alg.startsWith('ES') ? ellipticCurve(original) : []),
    ...(/^[RP]S/.test(key.alg) ? rsa(original) : []),
  ]
}

/** Parts too many, too few, elsewhere, or written in another alphabet. */
function shapes({ header: h, payload: p, signature: bytes, other }: Original): Malformed[] {
  const s = bytes.toString('base64url')
  const good = `${h}.${p}.${s}`
  const wrong: Malformed[] = [
    ['no signature', `${h}.${p}.`],
    ['two parts', `${h}.${p}`],
    ['one part', h],
    ['the signature alone', s],
    ['no payload', `${h}..${s}`],
    ['no header', `.${p}.${s}`],
    ['nothing but dots', '..'],
    ['a dot in front', `.${good}`],
    ['a dot behind', `${good}.`],
    ['two dots in the middle', `${h}..${p}.${s}`],
    ['a fourth part', `${good}.${s}`],
    ['an empty fourth and fifth part', `${good}..`],
    ['a part in front', `${h}.${good}`],
    ['twice', `${good}.${good}`],
    ['payload and header swapped', `${p}.${h}.${s}`],
    ['signature and payload swapped', `${h}.${s}.${p}`],
    ['the header of another token', `${encode('{"alg":"RS256"}')}.${p}.${s}`],
    ['the payload of another token', `${h}.${other[1] ?? ''}.${s}`],
    ['the signature of another token', `${h}.${p}.${other[2] ?? ''}`],
    ['the signature in hex', `${h}.${p}.${bytes.toString('hex')}`],
    ['the signature as decimal digits', `${h}.${p}.${BigInt(`0x${bytes.toString('hex')}`)}`],
    ['the signature encoded twice', `${h}.${p}.${encode(s)}`],
    ['the payload encoded twice', `${h}.${encode(p)}.${s}`],
    ['the header encoded twice', `${encode(h)}.${p}.${s}`],
    ['a padded signature', `${good}=`],
    ['a doubly padded signature', `${good}==`],
    ['in upper case', good.toUpperCase()],
    ['in lower case', good.toLowerCase()],
  ]
  for (const [name, at] of [
    ['header', 0],
    ['payload', 1],
    ['signature', 2],
  ] as const) {
    const change = (edit: (part: string) => string): string =>
      [h, p, s].map((part, index) => (index === at ? edit(part) : part)).join('.')
    wrong.push(
      [`a ${name} that ends with a lone character`, change(lonely)],
      [`a ${name} with a slash in it`, change((part) => `${part.slice(0, 8)}/${part.slice(9)}`)],
      [`a ${name} with a plus in it`, change((part) => `${part.slice(0, 8)}+${part.slice(9)}`)],
      [`a ${name} with a tilde in it`, change((part) => `${part.slice(0, 8)}~${part.slice(8)}`)],
      [`a ${name} with its first character gone`, change((part) => part.slice(1))],
      [`a ${name} with its last four characters gone`, change((part) => part.slice(0, -4))],
    )
    const loose = change(nonCanonical)
    if (loose !== good) wrong.push([`a ${name} whose last character has stray bits`, loose])
  }
  return wrong
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same bytes, written so that the unused bits of the last character are not zero. */
function nonCanonical(part: string): string {
  if (part.length % 4 === 0) return part
  return part.slice(0, -1) + (ALPHABET[ALPHABET.indexOf(part.slice(-1)) + 1] ?? '')
}

/** The same bytes, and one character behind them that makes no byte. */
function lonely(part: string): string {
  return part.length % 4 === 0 ? `${part}A` : part + 'A'.repeat(5 - (part.length % 4))
}

/** One bit other, at places all over the payload and the signature. */
function flips({ header, payload, signature: bytes }: Original): Malformed[] {
  const flip = (source: Buffer, at: number): Buffer => {
    const copy = Buffer.from(source)
    copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8))
    return copy
  }
  const places = (length: number, count: number): number[] => [
    ...new Set(Array.from({ length: count }, (_, at) => Math.floor((at * (length - 1)) / (count - 1)))),
  ]
  const body = Buffer.from(payload, 'base64url')
  return [
    ...places(bytes.length, 24).map((at): Malformed => [
      `bit of byte ${at} of the signature`,
      `${header}.${payload}.${encode(flip(bytes, at))}`,
    ]),
    ...places(body.length, 16).map((at): Malformed => [
      `bit of byte ${at} of the payload`,
      `${header}.${encode(flip(body, at))}.${bytes.toString('base64url')}`,
    ]),
  ]
}

/** Signatures of the right kind and the wrong value or length. */
function values({ header, payload, signature: bytes }: Original): Malformed[] {
  const { length } = bytes
  const zero = Buffer.from([0])
  const wrong: [string, Buffer][] = [
    ['a zero byte', zero],
    ['zeros', Buffer.alloc(length)],
    ['ones', Buffer.alloc(length, 255)],
    ['the number one', Buffer.from([...Buffer.alloc(length - 1), 1])],
    ['reversed', Buffer.from(bytes.toReversed())],
    ['a zero byte in front', Buffer.concat([zero, bytes])],
    ['a zero byte behind', Buffer.concat([bytes, zero])],
    ['twice', Buffer.concat([bytes, bytes])],
    ['its first byte gone', bytes.subarray(1)],
    ['its last byte gone', bytes.subarray(0, -1)],
    ['its first half', bytes.subarray(0, length / 2)],
    ['its second half', bytes.subarray(length / 2)],
    ['halves swapped', Buffer.concat([bytes.subarray(length / 2), bytes.subarray(0, length / 2)])],
    ['first half zero', Buffer.concat([Buffer.alloc(length / 2), bytes.subarray(length / 2)])],
    ['second half zero', Buffer.concat([bytes.subarray(0, length / 2), Buffer.alloc(length / 2)])],
    ['as text', Buffer.from(bytes.toString('base64url'))],
    ['4 kB long', Buffer.concat([bytes, Buffer.alloc(4096)])],
  ]
  return wrong.map(([name, value]) => [`signature: ${name}`, `${header}.${payload}.${encode(value)}`])
}

/** Signatures by the right key, over something else than the header and the payload that are sent. */
function inputs({ key, claims, header: h, payload: p }: Original): Malformed[] {
  const over = (input: string): string => `${h}.${p}.${encode(signature(input, key))}`
  const raw = JSON.stringify(claims)
  const signed = signature(`${h}.${p}`, key).toString('base64url')
  return [
    ['signed: the payload', over(p)],
    ['signed: the header', over(h)],
    ['signed: nothing', over('')],
    ['signed: header and payload without the dot', over(h + p)],
    ['signed: with a dot behind', over(`${h}.${p}.`)],
    ['signed: payload before header', over(`${p}.${h}`)],
    ['signed: the claims as they are', over(`${h}.${raw}`)],
    ['signed: header and claims as they are', over(`${JSON.stringify(headerOf(key))}.${raw}`)],
    ['signed: with line break', over(`${h}.${p}\n`)],
    ['sent: the header with a blank', `${encode(`${JSON.stringify(headerOf(key))} `)}.${p}.${signed}`],
    ['sent: the claims with a blank', `${h}.${encode(`${raw} `)}.${signed}`],
    ['sent: claims with one more', `${h}.${encode({ ...claims, admin: true })}.${signed}`],
    ['sent: a header with one member more', `${encode(headerOf(key, { x: 1 }))}.${p}.${signed}`],
    ['sent: a header without kid', `${encode({ alg: key.alg })}.${p}.${signed}`],
  ]
}

const FAMILIES = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const OTHERS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'ES256K', 'HS256', 'none', 'RS1', 'RSA1_5', 'dir', '']

/** A header that names one algorithm and a signature by another. */
function algorithms({ key, claims }: Original): Malformed[] {
  const mine = FAMILIES.includes(key.alg) ? FAMILIES : ['ES256', 'ES384', 'ES512']
  const signers = key.alg.startsWith('Ed') ? [] : mine.filter((alg) => alg !== key.alg)
  return [
    ...signers.flatMap((alg): Malformed[] => [
      [`says ${key.alg}, signed by ${alg}`, forge(headerOf(key), claims, key, alg)],
      [`says ${alg}, signed by ${key.alg}`, forge(headerOf(key, { alg }), claims, key)],
      [`says and signed by ${alg}`, forge(headerOf(key, { alg }), claims, key, alg)],
    ]),
    ...[...FAMILIES, ...OTHERS]
      .filter((alg) => alg !== key.alg && !signers.includes(alg))
      .map((alg): Malformed => [`says ${alg || 'nothing'}`, forge(headerOf(key, { alg }), claims, key)]),
  ]
}

/** The order of each curve's group, in hex. */
const ORDER: Readonly<Record<string, string>> = {
  ES256: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  ES384: `${'f'.repeat(48)}c7634d81f4372ddf581a0db248b0a77aecec196accc52973`,
  ES512: `01${'f'.repeat(64)}a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`,
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc7518.html#section-3.4 | RFC 7518 §3.4} */
function ellipticCurve({ key, header, payload, signature: bytes }: Original): Malformed[] {
  const half = bytes.length / 2
  const [r, s] = [bytes.subarray(0, half), bytes.subarray(half)]
  const order = Buffer.from((ORDER[key.alg] ?? '').padStart(half * 2, '0'), 'hex')
  const one = Buffer.from([...Buffer.alloc(half - 1), 1])
  const zero = Buffer.alloc(half)
  const integer = (value: Buffer): Buffer => {
    const short = value.subarray(value.findIndex((byte) => byte !== 0))
    const positive = (short[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), short]) : short
    return Buffer.concat([Buffer.from([2, positive.length]), positive])
  }
  const sequence = Buffer.concat([integer(r), integer(s)])
  const length = sequence.length > 127 ? [0x81, sequence.length] : [sequence.length]
  const pairs: [string, Buffer, Buffer][] = [
    ['0, s', zero, s],
    ['r, 0', r, zero],
    ['1, 1', one, one],
    ['0, 1', zero, one],
    ['1, 0', one, zero],
    ['n, n', order, order],
    ['r, n', r, order],
    ['n, s', order, s],
    ['0, n', zero, order],
    ['s, r', s, r],
    ['r, r', r, r],
  ]
  return [
    ...pairs.map(([name, a, b]): Malformed => [
      name,
      `${header}.${payload}.${encode(Buffer.concat([a, b]))}`,
    ]),
    ['DER', `${header}.${payload}.${encode(Buffer.concat([Buffer.from([0x30, ...length]), sequence]))}`],
    [
      'DER with a long length',
      `${header}.${payload}.${encode(Buffer.concat([Buffer.from([0x30, 0x82, 0, sequence.length]), sequence]))}`,
    ],
    ['DER of zeros', `${header}.${payload}.${encode(Buffer.from([0x30, 6, 2, 1, 0, 2, 1, 0]))}`],
    [
      'r and s with a zero byte each',
      `${header}.${payload}.${encode(Buffer.concat([Buffer.from([0]), r, Buffer.from([0]), s]))}`,
    ],
  ]
}

/** Numbers that RSA must refuse before it calculates. */
function rsa({ key, header, payload, signature: bytes }: Original): Malformed[] {
  const modulus = Buffer.from(key.publicJwk.n ?? '', 'base64url')
  const n = BigInt(`0x${modulus.toString('hex')}`)
  const value = BigInt(`0x${bytes.toString('hex')}`)
  const write = (number: bigint): Buffer => {
    const hex = number.toString(16)
    return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  }
  const numbers: [string, bigint][] = [
    ['the modulus', n],
    ['the modulus less one', n - 1n],
    ['the signature and the modulus', value + n],
    ['the signature and twice the modulus', value + 2n * n],
    ['the modulus less the signature', n - value],
    ['the public exponent', 65537n],
    ['the square', value * value],
  ]
  return numbers.map(([name, number]) => [name, `${header}.${payload}.${encode(write(number))}`])
}
