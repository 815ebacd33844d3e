/**
 * A small HTTP client that keeps its connections, one request at a time on each.
 *
 * It shares two or four cores with the service that it measures, and the client of node:http takes
 * half as long for a request as the service does; so this one reads no more of an answer than its
 * status, its length and its body.
 */
import { connect, type Socket } from 'node:net'

export interface Http {
  get<Answer>(path: string): Promise<Answer>
  post<Answer>(path: string, body: object): Promise<Answer>
  close(): void
}

export function openHttp(url: string): Http {
  const { hostname, port } = new URL(url)
  const idle: Line[] = []
  const open = new Set<Line>()
  const newLine = (): Line => {
    const line = openLine(hostname, Number(port))
    open.add(line)
    line.socket.once('close', () => {
      open.delete(line)
      if (idle.includes(line)) idle.splice(idle.indexOf(line), 1)
    })
    return line
  }
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const line = idle.pop() ?? newLine()
    const text = body === undefined ? '' : JSON.stringify(body)
    const type = body === undefined ? '' : 'content-type: application/json\r\n'
    const length = `content-length: ${Buffer.byteLength(text)}\r\n`
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${hostname}\r\n${type}${length}\r\n`
    const answer = await line.ask(`${head}${text}`)
    idle.push(line)
    if (answer.status < 300) return JSON.parse(answer.body)
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`)
  }
  return {
    get: <Answer>(path: string) => call('GET', path) as Promise<Answer>,
    post: <Answer>(path: string, body: object) => call('POST', path, body) as Promise<Answer>,
    close() {
      for (const { socket } of open) socket.destroy()
    },
  }
}

interface Answer {
  status: number
  body: string
}

interface Line {
  socket: Socket
  ask(request: string): Promise<Answer>
}

function openLine(host: string, port: number): Line {
  const socket = connect({ host, port, noDelay: true })
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | null = null
  let parts: Buffer[] = []
  let received = 0
  let head: Head | null = null
  socket.on('data', (part: Buffer) => {
    parts.push(part)
    received += part.length
    if (head === null) {
      parts = [Buffer.concat(parts)]
      head = readHead(parts[0] as Buffer)
    }
    if (head === null || received < head.bodyAt + head.length) return
    const body = Buffer.concat(parts).toString('utf8', head.bodyAt)
    waiting?.resolve({ status: head.status, body })
    parts = []
    received = 0
    head = null
    waiting = null
  })
  socket.on('error', (error) => waiting?.reject(error))
  socket.on('close', () => waiting?.reject(new Error('The service closed the connection.')))
  return {
    socket,
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.write(request)
      }),
  }
}

interface Head {
  status: number
  bodyAt: number
  length: number
}

/**
 * Null while it is not whole. The service says the length of each answer that this client asks for.
 */
function readHead(bytes: Buffer): Head | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const text = bytes.toString('latin1', 0, end)
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
  if (length === undefined) throw new Error(`An answer without a length:\n${text}`)
  return { status: Number(text.slice(9, 12)), bodyAt: end + 4, length: Number(length) }
}
