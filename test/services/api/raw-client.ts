/**
 * A client that sends what it is told: any method, path, header or octet, well-formed or not, over
 * a connection of its own. `fetch` would mend or refuse half of it.
 */
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'

export interface Asked {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string
}

export interface Answered {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** One well-formed request. The path goes out as it stands. */
export function ask(origin: string, { method = 'GET', path, headers, body }: Asked) {
  const { hostname, port } = new URL(origin)
  return new Promise<Answered>((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** These octets, whatever they mean; all that comes back until the server closes. */
export function say(origin: string, octets: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(octets))
    let heard = ''
    socket.setEncoding('latin1').on('data', (part) => {
      heard += part
    })
    socket.on('close', () => resolve(heard))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Cut off while we still wrote: what was said before counts.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
  })
}
