import type { RequestHandler } from 'express'

/** What the demo's API answers. Each stands behind a guard, which has set `req.auth`. */

export const secureData: RequestHandler = (_req, res) => {
  res.json({ data: 'This is secured data.' })
}

export const projects: RequestHandler = (_req, res) => {
  res.json({ version: '1', projects: ['latchkey'] })
}

export const whoami: RequestHandler = (req, res) => {
  const { auth } = req
  if (auth === undefined) throw new TypeError('whoami is mounted without a guard')
  res.set('Cache-Control', 'no-store').json({
    created_time: createdTime(auth.claims['created_time']),
    id: auth.subject,
    primary_email: auth.email ?? '',
    username: auth.username ?? auth.subject,
  })
}

/** The claim of scope `account-facts`: milliseconds. */
function createdTime(claim: unknown): string | null {
  const milliseconds = typeof claim === 'string' && /^\d{1,15}$/.test(claim) ? Number(claim) : claim
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15)
    return null
  return new Date(milliseconds).toISOString()
}
