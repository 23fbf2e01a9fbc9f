import ejs, { type TemplateFunction } from 'ejs'
import type { Request, Response } from 'express'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LoginPaths } from '../login/router.js'
import { german } from './texts-de.js'
import { texts, type Texts } from './texts.js'

/** From the package, whether it was compiled or not. */
const ourViews = fileURLToPath(new URL('../../views/', import.meta.url))
const VIEWS = ['layout', 'home', 'hello', 'account', 'logout', 'logged-out-here', 'error'] as const

export type View = Exclude<(typeof VIEWS)[number], 'layout'>

export const STYLE_SHEET_PATH = '/latchkey/style.css'

/** The first is for those whose languages we do not speak. */
export const LANGUAGES: Readonly<Record<string, Texts>> = { en: texts, de: german }

export interface RenderOptions {
  readonly paths: LoginPaths
  /** Folder with views of the app's own; those that it lacks are ours. */
  readonly views?: string | undefined
}

/** Renders a view into the layout, in the language that the browser prefers. */
export type Render = (req: Request, res: Response, view: View, data: object) => void

/** Templates are read once, when the app starts: a broken one is found then. */
export function createRender({ paths, views }: RenderOptions): Render {
  const templates = new Map(VIEWS.map((view) => [view, compile(view, views)]))
  const draw = (view: (typeof VIEWS)[number], data: object): string => templates.get(view)?.(data) ?? ''
  return (req, res, view, data) => {
    const t = textsFor(req)
    const all = { t, paths, style: STYLE_SHEET_PATH, time: timeIn(t.language), view, ...data }
    res.set('Cache-Control', 'no-store').set('Content-Language', t.language).type('html')
    res.send(draw('layout', { ...all, body: draw(view, all) }))
  }
}

export function textsFor(req: Request): Texts {
  const language = req.acceptsLanguages(Object.keys(LANGUAGES))
  return (language === false ? undefined : LANGUAGES[language]) ?? texts
}

/** @param file the app's own style sheet, in place of ours. */
export function readStyleSheet(file: string | undefined): string {
  return readFileSync(file ?? path.join(ourViews, 'assets/style.css'), 'utf8')
}

function compile(view: string, views: string | undefined): TemplateFunction {
  const own = views === undefined ? undefined : path.join(views, `${view}.ejs`)
  const filename = own !== undefined && existsSync(own) ? own : path.join(ourViews, `${view}.ejs`)
  return ejs.compile(readFileSync(filename, 'utf8'), { filename })
}

/** A moment for people and for programs. */
function timeIn(language: string): (date: Date) => { readonly text: string; readonly machine: string } {
  const format = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  })
  return (date) => ({ text: `${format.format(date)} UTC`, machine: date.toISOString() })
}
