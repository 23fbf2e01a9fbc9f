/** The arrows of docs/architecture.md: each rule says which import may not exist. */
const features = ['login', 'bearer', 'tokens']
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.d\\.ts$' }, to: {} },
    {
      name: 'express-only-at-the-edge',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '^src/(app|services|latchkey|server)[.]ts$',
          '^src/(http|pages|session)/',
          '[/-](router|middleware)[.]ts$',
          '^src/login/(login|begin-login)[.]ts$',
          '/require-[a-z]+[.]ts$',
          '/login-session[.]ts$',
        ],
      },
      to: { path: '^node_modules/(@types/)?express(-session)?/' },
    },
    {
      name: 'config-only-in-server-and-services',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/(cli/|tokens/token-options|(server|services|latchkey|options|option-checks|config[a-z-]*)\\.ts$)',
      },
      to: { path: '^src/config[a-z-]*\\.ts$' },
    },
    ...features.map((feature) => ({
      name: `features-do-not-know-each-other-${feature}`,
      severity: 'error',
      from: { path: `^src/${feature}/` },
      to: { path: `^src/(${features.filter((f) => f !== feature).join('|')})/` },
    })),
    {
      name: 'features-do-not-know-what-is-above',
      severity: 'error',
      from: { path: '^src/(login|bearer|tokens|session|provider)/' },
      to: { path: '^src/(app|services|server|latchkey|options|tokens)\\.ts$|^src/(pages|cli)/' },
    },
    {
      name: 'session-and-provider-know-errors-only',
      severity: 'error',
      from: { path: '^src/(session|provider)/' },
      to: {
        path: '^src/',
        pathNot: '^src/(session|provider|http)/|^src/(errors|log|metrics|printable)\\.ts$',
      },
    },
    {
      name: 'app-is-below-services',
      severity: 'error',
      from: { path: '^src/(app\\.ts|pages/|http/)' },
      to: { path: '^src/(services|server|latchkey|config)\\.ts$' },
    },
    {
      name: 'http-knows-no-feature',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/(login|bearer|tokens|pages)/|^src/(app|options)[.]ts$' },
    },
    {
      name: 'errors-log-and-metrics-know-nothing',
      severity: 'error',
      from: { path: '^src/(errors|log|metrics|printable)[.]ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'the-package-is-not-the-process',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/server[.]ts$' },
      to: { path: '^src/server[.]ts$' },
    },
    {
      name: 'tokens-work-without-express',
      severity: 'error',
      from: { path: '^src/(tokens/|tokens[.]ts$|cli/|provider/)' },
      to: {
        path: '^node_modules/(express|express-session|helmet|ejs|pino|prom-client|redis)/|^src/(http|pages|session|login|bearer)/',
      },
    },
    {
      name: 'the-command-line-is-on-top',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'the-command-line-knows-tokens',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(cli|tokens|provider)/|^src/(tokens|errors|log|printable|config-readers|config-source)[.]ts$',
      },
    },
    {
      name: 'nothing-from-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|keycloak|\\.ci)/' },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
