/**
 * Names the parts in which somebody's address differs from ours: for a log that must not repeat what another side
 * wrote. Nothing, when they have neither origin nor path in common.
 */
export function differingParts(theirs: unknown, ours: string): string | undefined {
  if (typeof theirs !== 'string' || !URL.canParse(theirs)) return undefined
  const [one, other] = [new URL(theirs), new URL(ours)]
  const path = pathDifference(one.pathname, other.pathname)
  if (one.origin !== other.origin && path === 'path') return undefined
  const parts = [
    one.protocol === other.protocol ? undefined : 'scheme',
    one.hostname === other.hostname ? undefined : 'host name',
    one.port === other.port ? undefined : 'port',
    path,
  ].filter((part) => part !== undefined)
  return `they differ in ${parts.length === 0 ? 'spelling' : parts.join(', ')}`
}

function pathDifference(one: string, other: string): string | undefined {
  if (one === other) return undefined
  return withoutSlash(one) === withoutSlash(other) ? 'a slash at the end' : 'path'
}

const withoutSlash = (path: string): string => path.replace(/\/$/, '')
