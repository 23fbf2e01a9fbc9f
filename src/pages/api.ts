import express, { type RequestHandler } from 'express'
import { randomUUID } from 'node:crypto'

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

/** What a job is made of is not asked for: whatever is sent is read to its end, up to a limit, and let go. */
const readAndForget = express.raw({ type: () => true, limit: '64kb' })

const acceptTrainJob: RequestHandler = (req, res) => {
  const { auth } = req
  if (auth === undefined) throw new TypeError('train-jobs is mounted without a guard')
  res
    .status(201)
    .set('Cache-Control', 'no-store')
    .json({ id: randomUUID(), state: 'queued', submitted_by: auth.subject })
}

/** The API of a third party, which has an audience and a scope of its own. */
export const submitTrainJob: readonly RequestHandler[] = [readAndForget, acceptTrainJob]

/** The claim of scope `account-facts`: milliseconds. */
function createdTime(claim: unknown): string | null {
  const milliseconds = typeof claim === 'string' && /^\d{1,15}$/.test(claim) ? Number(claim) : claim
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15)
    return null
  return new Date(milliseconds).toISOString()
}
