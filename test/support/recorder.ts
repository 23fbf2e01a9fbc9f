import type { ScriptedProvider } from './scripted-provider.js'
import type { Answer, TestApp } from './test-app.js'

/** Keeps every answer that an app gives from now on. */
export function recordAnswers(app: TestApp): Answer[] {
  const answers: Answer[] = []
  const send = app.send.bind(app)
  app.send = async (...request) => {
    const answer = await send(...request)
    answers.push(answer)
    return answer
  }
  return answers
}

/** Keeps every token set that the provider gives out from now on. */
export function recordTokens(provider: ScriptedProvider): Record<string, unknown>[] {
  const sets: Record<string, unknown>[] = []
  provider.onTokenResponse = (body) => {
    sets.push(body)
    return body
  }
  return sets
}

/** The forms in which a token may show: whole, and each of its parts. */
export function tokenTexts(sets: readonly Record<string, unknown>[]): string[] {
  return sets
    .flatMap((set) => ['access_token', 'refresh_token', 'id_token'].map((name) => String(set[name])))
    .flatMap((token) => [token, ...token.split('.').filter((part) => part.length > 40)])
}
