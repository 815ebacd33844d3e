/**
 * The doors of SMTP and LMTP over a live site, and a client that says exactly what a test tells it.
 */
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { type Listener, type ListenerOptions, listen } from '../../services/smtp/listener.ts'
import { liveSites, type Sites } from './site.ts'

export interface Doors extends Sites {
  /** Where the door of SMTP listens. */
  port: number
  /** Another door over the same sites; closed after the test. */
  door(options: Partial<ListenerOptions>): Promise<Listener>
  /** What the doors had to say, line by line. */
  log: string[]
}

/** Called once at the top of a file; its members are there when a test begins. */
export function smtpDoors(): Doors {
  const sites = liveSites()
  const log: string[] = []
  const open = (options: Partial<ListenerOptions>) =>
    listen({
      doors: sites.emulator,
      host: '127.0.0.1',
      port: 0,
      log: (line) => log.push(line),
      ...options,
    })
  const doors: Doors = Object.assign(sites, {
    port: 0,
    log,
    async door(options: Partial<ListenerOptions>) {
      const door = await open(options)
      onTestFinished(door.close)
      return door
    },
  })
  let listener: Listener
  beforeAll(async () => {
    listener = await open({})
    doors.port = listener.port
  })
  afterAll(() => listener.close())
  return doors
}

export interface Dialogue {
  socket: Socket
  /** Sends bytes as they are. */
  write(bytes: string | Buffer): void
  /** The next reply, all its lines. */
  reply(): Promise<string>
  /** A line, and its reply. */
  say(line: string): Promise<string>
  /** Ends when the other side has closed. */
  closed: Promise<void>
}

/** A connection whose greeting has been read. */
export async function dialogue(port: number): Promise<Dialogue> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  let ended = false
  let wake = () => {}
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => wake())
  socket.on('data', (bytes) => {
    text += bytes.toString('utf8')
    wake()
  })
  closed.then(() => {
    ended = true
    wake()
  })
  const reply = async (): Promise<string> => {
    for (;;) {
      const whole = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(text)?.[0]
      if (whole) {
        text = text.slice(whole.length)
        return whole.trimEnd()
      }
      if (ended) throw new Error(`closed without a reply: ${JSON.stringify(text)}`)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  const one: Dialogue = {
    socket,
    closed,
    reply,
    write: (bytes) => void socket.write(bytes),
    say(line) {
      one.write(`${line}\r\n`)
      return reply()
    },
  }
  await reply()
  return one
}

/** A client that has said EHLO, MAIL, and RCPT for dave of the site. */
export async function begun(port: number, site: string): Promise<Dialogue> {
  const client = await dialogue(port)
  await client.say('EHLO client.example')
  await client.say('MAIL FROM:<ann@far.example>')
  expect(await client.say(`RCPT TO:<dave@${site}.example>`)).toMatch(/^250 /)
  return client
}

/** The reply to a message of these bytes; the closing dot is sent behind them. */
export async function sent(client: Dialogue, bytes: string | Buffer): Promise<string> {
  expect(await client.say('DATA')).toMatch(/^354 /)
  client.write(bytes)
  return client.say('.')
}

/** The id of the message in the reply that accepts it. */
export const idIn = (reply: string): string => /accepted as (\S+)/.exec(reply)?.[1] ?? reply
