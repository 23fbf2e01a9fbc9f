import ejs from 'ejs'
import type { Response } from 'express'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { texts } from './texts.js'

const views = fileURLToPath(new URL('../../views/', import.meta.url))

export const STYLE_SHEET_PATH = '/latchkey/style.css'

/** Who the page's header shows. */
export interface Viewer {
  readonly name: string
}

/** Renders one of our views into the layout. Templates are read once, from the package. */
export function createRender(): (
  res: Response,
  view: string,
  viewer: Viewer | undefined,
  data?: object,
) => void {
  const filename = `${views}layout.ejs`
  const layout = ejs.compile(readFileSync(filename, 'utf8'), { filename, cache: true })
  return (res, view, viewer, data = {}) => {
    const html = layout({ view, viewer, t: texts, style: STYLE_SHEET_PATH, time, ...data })
    res.set('Cache-Control', 'no-store').type('html').send(html)
  }
}

export function readStyleSheet(): string {
  return readFileSync(`${views}assets/style.css`, 'utf8')
}

const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

/** A moment for people and for programs. */
function time(date: Date): { readonly text: string; readonly machine: string } {
  return { text: `${format.format(date)} UTC`, machine: date.toISOString() }
}
