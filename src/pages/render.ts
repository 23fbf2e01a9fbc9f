import ejs, { type TemplateFunction } from 'ejs'
import type { Request, Response } from 'express'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LoginPaths } from '../login/login-paths.js'
import { german, neutralGerman } from './texts-de.js'
import { neutralTexts, texts, type Texts } from './texts.js'

/** From the package, whether it was compiled or not. */
const ourViews = fileURLToPath(new URL('../../views/', import.meta.url))
const VIEWS = ['layout', 'home', 'hello', 'account', 'vault', 'logout', 'logged-out-here', 'error'] as const

export type View = Exclude<(typeof VIEWS)[number], 'layout'>

export const STYLE_SHEET_PATH = '/latchkey/style.css'

/** What our pages say, by who the provider is: Keycloak, or another, or not known yet. */
type Language = Readonly<Record<'keycloak' | 'neutral', Texts>>

/** For those whose languages we do not speak. */
const ENGLISH: Language = { keycloak: texts, neutral: neutralTexts }

export const LANGUAGES: Readonly<Record<string, Language>> = {
  en: ENGLISH,
  de: { keycloak: german, neutral: neutralGerman },
}

/** The brand under which our tagline stands. */
const OUR_BRAND = 'Latchkey'

export interface RenderOptions {
  readonly paths: LoginPaths
  /** Name of the app, in the header and in titles. */
  readonly brand: string
  /** Where the app shows an account; `undefined` when it has no such page. */
  readonly accountPath: string | undefined
  /** Folder with views of the app's own; those that it lacks are ours. */
  readonly views?: string | undefined
}

/** Renders a view into the layout. */
export type Render = (t: Texts, res: Response, view: View, data: object) => void

/** Templates are read once, when the app starts: a broken one is found then. */
export function createRender(options: RenderOptions): Render {
  const { paths, views, brand, accountPath } = options
  const templates = new Map(VIEWS.map((view) => [view, compile(view, views)]))
  const draw = (view: (typeof VIEWS)[number], data: object): string => templates.get(view)?.(data) ?? ''
  const app = { paths, brand, accountPath, style: STYLE_SHEET_PATH }
  return (t, res, view, data) => {
    const tagline = brand === OUR_BRAND ? t.tagline : undefined
    const all = { t, ...app, tagline, time: timeIn(t.language), view, ...data }
    res.set('Cache-Control', 'no-store').set('Content-Language', t.language).type('html')
    res.send(draw('layout', { ...all, body: draw(view, all) }))
  }
}

/** In the language that the browser prefers. */
export function textsFor(req: Request, provider: keyof Language): Texts {
  const language = req.acceptsLanguages(Object.keys(LANGUAGES))
  return ((language === false ? undefined : LANGUAGES[language]) ?? ENGLISH)[provider]
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
