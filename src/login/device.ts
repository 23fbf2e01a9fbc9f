/** A browser and its system, in words that people use for them; nothing where we cannot tell. */
export interface Device {
  readonly browser?: string
  readonly system?: string
}

/** In this order: most browsers name others, too. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
]

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bWindows\b/, 'Windows'],
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b|\biPod\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

/**
 * What a `User-Agent` says, reduced to words of our own: nothing of its text is kept. It is for a person to recognise
 * a session by, and proves nothing.
 */
export function readDevice(userAgent: string | undefined): Device {
  const text = (userAgent ?? '').slice(0, 500)
  const browser = BROWSERS.find(([form]) => form.test(text))?.[1]
  const system = SYSTEMS.find(([form]) => form.test(text))?.[1]
  return { ...(browser !== undefined && { browser }), ...(system !== undefined && { system }) }
}
