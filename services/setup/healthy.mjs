/**
 * The health check of a container: does the API of this machine answer? Exit status 0 or 1.
 *
 * Where it listens is read as the service reads it, from PORT. It asks `/healthz`, which needs no
 * token: ready is another question, and a service whose Redis is away is not to be killed for it.
 */
const ANSWER_WITHIN_MS = 4_000
const port = process.env.PORT ?? '3000'

try {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal })
  if (!answer.ok) console.error(`/healthz answers ${answer.status}`)
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  console.error(
    `nothing answers at port ${port}: ${error instanceof Error ? error.message : error}`,
  )
  process.exitCode = 1
}
