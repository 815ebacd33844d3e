/**
 * A mailbox migrator, as somebody might have one: it moves mailboxes to a server, some at a time,
 * and says what became of each. It knows the site by HTTP alone.
 *
 *     node migrator.mjs SITE_URL SERVER MAILBOX...
 *
 * Exit status: 0 when all are there, 1 when not. What is tested is in migrator.long.test.ts.
 */

/** So many moves at a time. */
const AT_ONCE = 2
/** How often a move is asked how far it is. */
const ASK_MS = 50
/** After so long somebody has to look. */
const PATIENCE_MS = 20_000

const [site, server, ...mailboxes] = process.argv.slice(2)

/**
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<{ status: number, body: any }>}
 */
async function ask(path, body) {
  const headers = { 'content-type': 'application/json' }
  const post = { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(`${site}${path}`, body === undefined ? {} : post)
  return { status: response.status, body: await response.json() }
}

/**
 * The move of the mailbox: ours, or the one that somebody else has begun.
 * @param {string} mailbox
 */
async function begin(mailbox) {
  const asked = await ask('/moves', { mailbox, to: server })
  if (asked.status === 201) return asked.body
  if (asked.body.code !== 'mailbox-moving') throw new Error(asked.body.code)
  console.log(`${mailbox}: somebody else moves it`)
  const { moves } = (await ask('/moves')).body
  return moves.find((/** @type {any} */ move) => move.mailbox === mailbox)
}

/** @param {string} mailbox */
async function migrate(mailbox) {
  const { id } = await begin(mailbox)
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const { body: move } = await ask(`/moves/${id}`)
    if (move.state !== 'running') return move.state
    if (Date.now() > end) return `stuck at ${move.phase}`
    await new Promise((resolve) => setTimeout(resolve, ASK_MS))
  }
}

const waiting = [...mailboxes]

async function worker() {
  for (let mailbox = waiting.shift(); mailbox !== undefined; mailbox = waiting.shift()) {
    const state = await migrate(mailbox).catch((error) => error.message)
    console.log(`${mailbox}: ${state}`)
    if (state !== 'completed') process.exitCode = 1
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, worker))
