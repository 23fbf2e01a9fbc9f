import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readDevice } from '../../../src/login/device.js'

const BROWSERS = ['Edge', 'Opera', 'Samsung Internet', 'Vivaldi', 'Firefox', 'Chrome', 'Safari']
const SYSTEMS = ['Windows', 'Android', 'iPhone', 'iPad', 'ChromeOS', 'macOS', 'Linux']

const MOZILLA = 'Mozilla/5.0'
const KIT = 'AppleWebKit/537.36 (KHTML, like Gecko)'
const WINDOWS = '(Windows NT 10.0; Win64; x64)'
const MAC = '(Macintosh; Intel Mac OS X 10_15_7)'
const IPHONE = '(iPhone; CPU iPhone OS 17_5 like Mac OS X)'
const IPAD = '(iPad; CPU OS 17_5 like Mac OS X)'
const IOS_KIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'

describe('what a User-Agent says', () => {
  test.each<[browser: string, system: string, userAgent: string]>([
    ['Chrome', 'Windows', `${MOZILLA} ${WINDOWS} ${KIT} Chrome/131.0.0.0 Safari/537.36`],
    ['Chrome', 'macOS', `${MOZILLA} ${MAC} ${KIT} Chrome/131.0.0.0 Safari/537.36`],
    ['Chrome', 'Linux', `${MOZILLA} (X11; Linux x86_64) ${KIT} Chrome/131.0.0.0 Safari/537.36`],
    ['Chrome', 'Linux', `${MOZILLA} (X11; Linux x86_64) ${KIT} HeadlessChrome/131.0.0.0 Safari/537.36`],
    ['Chrome', 'ChromeOS', `${MOZILLA} (X11; CrOS x86_64 14541.0.0) ${KIT} Chrome/131.0.0.0 Safari/537.36`],
    ['Chrome', 'Android', `${MOZILLA} (Linux; Android 10; K) ${KIT} Chrome/131.0.0.0 Mobile Safari/537.36`],
    ['Chrome', 'iPhone', `${MOZILLA} ${IPHONE} ${IOS_KIT} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1`],
    ['Edge', 'Windows', `${MOZILLA} ${WINDOWS} ${KIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0`],
    ['Edge', 'Windows', `${MOZILLA} ${WINDOWS} ${KIT} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763`],
    [
      'Edge',
      'Android',
      `${MOZILLA} (Linux; Android 10; HD1913) ${KIT} Chrome/131.0.0.0 Mobile Safari/537.36 EdgA/131.0.0.0`,
    ],
    [
      'Edge',
      'iPhone',
      `${MOZILLA} ${IPHONE} ${IOS_KIT} Version/17.0 EdgiOS/131.0.0.0 Mobile/15E148 Safari/605.1.15`,
    ],
    ['Firefox', 'Windows', `${MOZILLA} (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0`],
    [
      'Firefox',
      'macOS',
      `${MOZILLA} (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0`,
    ],
    ['Firefox', 'Linux', `${MOZILLA} (X11; Ubuntu; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0`],
    ['Firefox', 'Android', `${MOZILLA} (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0`],
    ['Firefox', 'iPad', `${MOZILLA} ${IPAD} ${IOS_KIT} FxiOS/133.0 Mobile/15E148 Safari/605.1.15`],
    ['Safari', 'macOS', `${MOZILLA} ${MAC} ${IOS_KIT} Version/17.5 Safari/605.1.15`],
    ['Safari', 'iPhone', `${MOZILLA} ${IPHONE} ${IOS_KIT} Version/17.5 Mobile/15E148 Safari/604.1`],
    ['Safari', 'iPad', `${MOZILLA} ${IPAD} ${IOS_KIT} Version/17.5 Mobile/15E148 Safari/604.1`],
    ['Opera', 'Windows', `${MOZILLA} ${WINDOWS} ${KIT} Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0`],
    [
      'Samsung Internet',
      'Android',
      `${MOZILLA} (Linux; Android 10; K) ${KIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36`,
    ],
    [
      'Vivaldi',
      'Linux',
      `${MOZILLA} (X11; Linux x86_64) ${KIT} Chrome/130.0.0.0 Safari/537.36 Vivaldi/7.0.3495.6`,
    ],
  ])('%s on %s', (browser, system, userAgent) => {
    expect(readDevice(userAgent)).toEqual({ browser, system })
  })

  test.each<[string | undefined, object]>([
    [undefined, {}],
    ['', {}],
    ['curl/8.5.0', {}],
    ['node', {}],
    ['Firefox', {}],
    ['NotChrome/1.0', {}],
    ['python-requests/2.31 (Linux)', { system: 'Linux' }],
    ['Safari/605.1.15', {}],
    ['\u0000\uffff', {}],
  ])('%p is %p', (userAgent, device) => {
    expect(readDevice(userAgent)).toEqual(device)
  })

  test.each([
    '<script>alert(1)</script>',
    '<b>Chrome/1</b> <i>Windows</i>',
    '"><img src=x onerror=alert(1)> Firefox/1.0 Linux',
    `Edg/1 \r\nSet-Cookie: x=1`,
    '__proto__ constructor Chrome/131 Android',
  ])('AC-02 nothing of the text %p is kept', (userAgent) => {
    const { browser, system, ...more } = readDevice(userAgent)
    expect(more).toEqual({})
    expect([...BROWSERS, undefined]).toContain(browser)
    expect([...SYSTEMS, undefined]).toContain(system)
  })

  test('AC-02 whatever is sent, it is one of our own words, or nothing', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('Chrome/', 'Version/1 Safari/', 'Windows', 'iPad', '<', '/', ';', ' '),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const device = readDevice(pieces.join(''))
        expect(Object.keys(device).every((name) => ['browser', 'system'].includes(name))).toBe(true)
        expect([...BROWSERS, undefined]).toContain(device.browser)
        expect([...SYSTEMS, undefined]).toContain(device.system)
      }),
    )
  })

  test('P-18 one of 15 kB costs no more than a short one', () => {
    const begun = performance.now()
    for (let time = 0; time < 200; time++)
      expect(readDevice(`Version/${'1'.repeat(15_000)} Chrome/131 Windows`)).toEqual({})
    for (let time = 0; time < 200; time++) readDevice('Version/1'.repeat(2000))
    expect(performance.now() - begun).toBeLessThan(1000)
  })
})
