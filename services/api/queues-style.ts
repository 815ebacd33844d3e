/**
 * How the queue UI's page is adapted to this house: it loads nothing from elsewhere, and the
 * buttons of what is refused are not shown. A button that a later version of the UI adds is refused
 * all the same.
 */

import type { FastifyInstance } from 'fastify'
import { UI_POLICY } from './pages.ts'

/** The UI has no names for its buttons, so they are known by a stroke of their icons. */
export const REFUSED_ICONS = {
  'trash: clean, empty, remove': 'M3 6h18',
  'clock: reschedule': 'M12 6v6l4 2',
  'pages: duplicate': 'M5 7a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2h8a2 2 0 0 0 1.732-1',
  'pencil: edit data': 'm15 5 4 4',
  'plus: add a job': 'M5 12h14',
  'bars: concurrency': 'M4 12h10',
  'gauge: rate limit': 'm12 14 4-4',
  'ban: obliterate': 'M4.929 4.929 19.07 19.071',
}

const STYLE = Object.entries(REFUSED_ICONS)
  .map(([what, stroke]) => {
    const button = `:is(button, [role='menuitem']):has(> svg > path[d='${stroke}'])`
    return `/* ${what} */\n${button} { display: none }\n`
  })
  .join('')

const FOREIGN_LINK = /<link[^>]+href="https?:[^>]*>/g

export function houseStyle(app: FastifyInstance, base: string): void {
  app.get('/house.css', { schema: { hide: true } }, async (_request, reply) => {
    return reply.type('text/css').send(STYLE)
  })
  app.addHook('onSend', async (_request, reply, payload) => {
    if (typeof payload !== 'string') return payload
    if (!String(reply.getHeader('content-type')).startsWith('text/html')) return payload
    reply.header('content-security-policy', UI_POLICY)
    const link = `<link rel="stylesheet" href="${base}/house.css">`
    return payload.replace(FOREIGN_LINK, '').replace('</head>', `${link}</head>`)
  })
}
