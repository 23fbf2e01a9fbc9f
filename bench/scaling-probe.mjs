// Loaded into the measured process before the server: says what that process has used.
// `sweep` collects garbage first, so that what is left is what is kept.
process.on('message', (/** @type {{ sweep?: boolean }} */ { sweep }) => {
  if (sweep) for (let i = 0; i < 3; i++) globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send?.({ cpu: (user + system) / 1e6, kept: heapUsed + external, rss })
})
process.on('disconnect', () => process.exit())
