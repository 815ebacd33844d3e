/**
 * Stands in for the program of a role, so that the supervisor is tested without them: it tells who
 * it is, says that it is up, and ends on SIGTERM. ROLE_FIXTURE makes it misbehave.
 */
const [role] = process.argv.slice(2)
const behaviour = process.env.ROLE_FIXTURE ?? ''

if (behaviour === 'port taken' && role === 'api') {
  console.error('Port 3000 is taken.')
  process.exit(3)
}
if (behaviour === 'crash') throw new Error('the fixture crashes')

process.on('SIGTERM', () => {
  if (behaviour !== 'deaf') process.exit(0)
})
process.on('disconnect', () => process.exit(1))
console.log(`${role} is process ${process.pid} with ${process.argv.slice(3).join(' ')}`)
process.send?.({ type: 'ready', url: 'http://127.0.0.1:3999', demo: 'made' })
setInterval(() => undefined, 60_000)
