import type { ScriptedProvider } from './scripted-provider.js'
import { TestApp, type TestAppOptions } from './test-app.js'

/** An app with settings of its own for one test, stopped however that ends. */
export async function withApp<T>(
  provider: ScriptedProvider,
  options: TestAppOptions,
  run: (app: TestApp) => Promise<T>,
): Promise<T> {
  const app = await TestApp.start(provider, options)
  try {
    return await run(app)
  } finally {
    await app.stop()
  }
}
