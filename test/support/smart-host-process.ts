/**
 * Somebody else's SMTP server, as a process of its own. What it answers is the local part of the
 * recipient; each transaction is told to the parent, which counts them.
 *
 *   busy     451 to the first two RCPTs, then taken
 *   never    451 to each RCPT
 *   nobody   550 5.1.1 to RCPT
 *   unwanted 554 5.7.1 behind the message
 *   dropped  the first time, the message is read and the connection cut without a reply
 *   slow     read, and taken after a while
 *   …        taken
 */
import { SMTPServer } from 'smtp-server'

/** What the parent is told, and how it is told that the server listens. */
export type Told =
  | { type: 'listening'; port: number }
  | {
      type: 'refused' | 'deferred' | 'dropped' | 'read' | 'taken'
      from: string
      to: string
      text: string
    }

const SLOW_MS = 1_500
const seen = new Map<string, number>()

const tell = (told: Told): void => void process.send?.(told)

function refusal(reply: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode: reply })
}

/** How often this recipient has come, this time included. */
function count(address: string): number {
  const times = (seen.get(address) ?? 0) + 1
  seen.set(address, times)
  return times
}

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  onRcptTo({ address }, { envelope: { mailFrom } }, done) {
    const from = mailFrom ? mailFrom.address : ''
    const told = { from, to: address, text: '' }
    const [name] = address.split(/[-@]/)
    if (name === 'never' || (name === 'busy' && count(address) <= 2)) {
      tell({ type: 'deferred', ...told })
      return done(refusal(451, 'greylisted, come back later'))
    }
    if (name === 'nobody') {
      tell({ type: 'refused', ...told })
      return done(refusal(550, '5.1.1 nobody of that name here'))
    }
    return done()
  },
  async onData(stream, session, done) {
    const pieces: Buffer[] = []
    for await (const piece of stream) pieces.push(piece as Buffer)
    const { mailFrom, rcptTo } = session.envelope
    const to = rcptTo[0]?.address ?? ''
    const from = mailFrom ? mailFrom.address : ''
    const told = { from, to, text: Buffer.concat(pieces).toString('latin1') }
    const [name] = to.split(/[-@]/)
    if (name === 'dropped' && count(to) === 1) {
      tell({ type: 'dropped', ...told })
      for (const one of server.connections) if (one.session === session) one._socket.destroy()
      return
    }
    if (name === 'unwanted') {
      tell({ type: 'refused', ...told })
      return done(refusal(554, 'we do not want this'))
    }
    const take = () => {
      tell({ type: 'taken', ...told })
      done(null, 'queued for ever')
    }
    if (name !== 'slow') return take()
    tell({ type: 'read', ...told })
    setTimeout(take, SLOW_MS)
  },
})
server.on('error', (error) => console.error(`smart host process: ${error.message}`))
const listening = server.listen(0, '127.0.0.1', () => {
  const address = listening.address()
  tell({ type: 'listening', port: typeof address === 'object' && address ? address.port : 0 })
})
process.once('disconnect', () => process.exit(0))
