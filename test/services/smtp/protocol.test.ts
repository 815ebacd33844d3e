/** What the doors say to clients that are wrong, hostile, large, slow or silent. */
import { describe, expect, test } from 'vitest'
import { MESSAGE_BYTES_MAX } from '../../../services/api/limits.ts'
import type { Client } from '../../../services/runtime/commit.ts'
import { PIECE_BYTES } from '../../../services/runtime/content.ts'
import { collect } from '../../../services/runtime/raw.ts'
import { bytesOf } from '../../support/bytes.ts'
import { FLAWLESS } from '../../support/site.ts'
import { begun, dialogue, idIn, sent, smtpDoors } from '../../support/smtp.ts'

const doors = smtpDoors()

describe('a recipient', () => {
  test('of an unknown domain is refused: nothing is relayed', async () => {
    const client = await begun(doors.port, await doors.open())
    expect(await client.say('RCPT TO:<x@elsewhere.example>')).toMatch(/^550 5\.1\.2 \S/)
  })

  test('that is unknown is refused when the profile says so, and only then', async () => {
    const profile = { extends: 'exchange-5.5-sp4', unknownRecipients: 'refuse' }
    const strict = await doors.open({ profile })
    const client = await begun(doors.port, strict)
    expect(await client.say(`RCPT TO:<nobody@${strict}.example>`)).toMatch(/^550 5\.1\.1 \S/)
    const other = await begun(doors.port, await doors.open())
    expect(await other.say(`RCPT TO:<nobody@${strict}.example>`)).toMatch(/^550 5\.1\.1 \S/)
  })

  test('of another site takes a transaction of its own', async () => {
    const [one, two] = [await doors.open(), await doors.open()]
    const client = await begun(doors.port, one)
    expect(await client.say(`RCPT TO:<dave@${two}.example>`)).toMatch(/^452 4\.5\.3 \S/)
    expect(await sent(client, 'a: b\r\n')).toMatch(/^250 /)
    await client.say('MAIL FROM:<>')
    expect(await client.say(`RCPT TO:<dave@${two}.example>`)).toMatch(/^250 /)
  })

  test('may be a further address, in another domain', async () => {
    const addresses = ['Eve@Corp.Example']
    const site = await doors.open({ mailboxes: [{ alias: 'eve', server: 'nyc', addresses }] })
    const client = await dialogue(doors.port)
    await client.say('EHLO client.example')
    await client.say('MAIL FROM:<>')
    expect(await client.say('RCPT TO:<eve@corp.example>')).toMatch(/^250 /)
    const id = idIn(await sent(client, 'a: b\r\n'))
    expect(await doors.settled(site, id)).toMatchObject([{ outcome: 'delivered' }])
  })

  test('without a domain is the postmaster of the transaction, or of the oldest site', async () => {
    const oldest = (await doors.emulator.sites()).at(0)?.name ?? (await doors.open())
    const mailboxes = [{ alias: 'admin', server: 'nyc', addresses: ['postmaster@x.example'] }]
    const site = await doors.open({ mailboxes, domain: 'x.example' })
    const client = await dialogue(doors.port)
    await client.say('EHLO client.example')
    await client.say('MAIL FROM:<>')
    expect(await client.say('RCPT TO:<admin@x.example>')).toMatch(/^250 /)
    expect(await client.say('RCPT TO:<PostMaster>')).toMatch(/^250 /)
    const id = idIn(await sent(client, 'a: b\r\n'))
    expect(await doors.settled(site, id)).toMatchObject([
      { address: 'admin', outcome: 'delivered' },
    ])
    await client.say('MAIL FROM:<>')
    expect(await client.say('RCPT TO:<postmaster>')).toMatch(/^250 /)
    expect(await client.say('RCPT TO:<admin@x.example>')).toMatch(/^452 4\.5\.3 \S/)
    expect(await client.say(`RCPT TO:<anna@${oldest}.example>`)).toMatch(/^250 /)
    expect(await client.say('RCPT TO:<dave>')).toMatch(/^501 /)
  })

  test.each([
    ['MAIL FROM:<ann@far.example> COLOUR=red', /^555 5\.5\.4 /],
    ['MAIL FROM:<ann@far.example> RET=SOME', /^501 /],
    ['MAIL FROM:<ann@far.example> SIZE=99999999', /^552 5\.3\.4 /],
    ['MAIL FROM:<zoë@far.example>', /^553 5\.6\.7 /],
    [`MAIL FROM:<ann@far.example> ENVID=${'x'.repeat(101)}`, /^501 5\.5\.4 /],
    ['MAIL FROM:<ann@far.example> ENVID=caf+E9', /^501 5\.5\.4 /],
    ['MAIL FROM:<ann@far.example> ENVID=a+0D+0ABcc:x', /^501 /],
    ['MAIL FROM:<zoë@far.example> SMTPUTF8', /^250 /],
    ['MAIL FROM:<>', /^250 /],
  ])('%s is answered', async (line, reply) => {
    const client = await dialogue(doors.port)
    await client.say('EHLO client.example')
    expect(await client.say(line)).toMatch(reply)
  })

  test.each([
    ['NOTIFY=NEVER,DELAY', /^501 /],
    ['NOTIFY=SOMETIMES', /^501 /],
    ['ORCPT=nonsense', /^501 /],
    [`ORCPT=rfc822;${'x'.repeat(500)}`, /^501 5\.5\.4 /],
    ['URGENT', /^555 5\.5\.4 /],
  ])('with %s is answered', async (parameter, reply) => {
    const site = await doors.open()
    const client = await begun(doors.port, site)
    expect(await client.say(`RCPT TO:<bob@${site}.example> ${parameter}`)).toMatch(reply)
  })
})

describe('a message', () => {
  test.each([
    ['a bare LF', 'a: b\r\n\r\none\ntwo\r\n', 'LF without CR'],
    ['a bare CR', 'a: b\r\n\r\none\rtwo\r\n', 'CR without LF'],
    ['NUL', 'a: b\r\n\r\n\0\r\n', 'NUL'],
    // Each of them ends a message for somebody, and would begin a second one behind it.
    ['LF . LF', 'a: b\r\n\r\n\n.\nMAIL FROM:<evil@x.example>\r\n', 'LF without CR'],
    ['LF . CRLF', 'a: b\r\n\r\n\n.\r\nMAIL FROM:<evil@x.example>\r\n', 'LF without CR'],
    ['CR . CRLF', 'a: b\r\n\r\n\r.\r\nMAIL FROM:<evil@x.example>\r\n', 'CR without LF'],
    ['CRLF . LF', 'a: b\r\n\r\n\r\n.\nMAIL FROM:<evil@x.example>\r\n', 'LF without CR'],
    ['CRLF . CR', 'a: b\r\n\r\n\r\n.\rMAIL FROM:<evil@x.example>\r\n', 'CR without LF'],
  ])('with %s is refused once, and the connection goes on', async (_what, bytes, words) => {
    const site = await doors.open()
    const client = await begun(doors.port, site)
    expect(await sent(client, bytes)).toMatch(new RegExp(`^554 5\\.6\\.0 .*${words}`))
    expect(await client.say('NOOP')).toMatch(/^250 /)
    expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 0 })
  })

  test('cut anywhere into two packets is the same', async () => {
    const site = await doors.open()
    const letter = 'a: b\r\n\r\n..\r\n.x\r\n\r\n'
    const dotted = 'a: b\r\n\r\n...\r\n..x\r\n\r\n'
    const client = await begun(doors.port, site)
    client.socket.setNoDelay(true)
    for (let at = 0; at <= dotted.length; at++) {
      expect(await client.say('DATA')).toMatch(/^354 /)
      client.write(dotted.slice(0, at))
      await new Promise((resolve) => setImmediate(resolve))
      const id = idIn(await client.say(`${dotted.slice(at)}.`))
      await doors.settled(site, id)
      const raw = await collect(await doors.emulator.rawItem(site, 'dave', id))
      expect(raw.toString().slice(-letter.length), `cut at ${at}`).toBe(letter)
      await client.say('MAIL FROM:<ann@far.example>')
      await client.say(`RCPT TO:<dave@${site}.example>`)
    }
  })

  test('with an 8-bit header and no header at all is kept as it is', async () => {
    const site = await doors.open()
    const client = await begun(doors.port, site)
    const latin = bytesOf('Subject: caf\xe9\r\n\r\n\xff\r\n')
    const id = idIn(await sent(client, latin))
    await doors.settled(site, id)
    const raw = await collect(await doors.emulator.rawItem(site, 'dave', id))
    expect(raw.subarray(-latin.length).equals(latin)).toBe(true)
    expect(await doors.subjects(site, 'dave')).toEqual(['café'])
    await client.say('MAIL FROM:<ann@far.example>')
    await client.say(`RCPT TO:<dave@${site}.example>`)
    const bare = idIn(await sent(client, 'no header here\r\n'))
    await doors.settled(site, bare)
    const read = (await collect(await doors.emulator.rawItem(site, 'dave', bare))).toString()
    expect(read).toMatch(/\+0000\r\n\r\nno header here\r\n$/)
  })

  test('for a thousand recipients is one acceptance, in one envelope', async () => {
    const site = await doors.open()
    const client = await begun(doors.port, site)
    const names = Array.from({ length: 1_000 }, (_, i) => `user${i}@${site}.example`)
    client.write(names.map((name) => `RCPT TO:<${name}> NOTIFY=NEVER\r\n`).join(''))
    for (const _ of names) expect(await client.reply()).toMatch(/^250 /)
    const id = idIn(await sent(client, 'a: b\r\n'))
    expect(await doors.settled(site, id)).toHaveLength(1_001)
    const audit = await doors.rest(site)
    expect(audit).toMatchObject({ ...FLAWLESS, accepted: 1_001, delivered: 1, silenced: 1_000 })
  })

  test('over the limit is refused behind its end, and nothing of it is kept', async () => {
    const site = await doors.open()
    const client = await begun(doors.port, site)
    const line = `${'x'.repeat(998)}\r\n`
    const lines = Buffer.from(line.repeat(Math.ceil(MESSAGE_BYTES_MAX / line.length)))
    expect(await sent(client, Buffer.concat([bytesOf('a: b\r\n\r\n'), lines]))).toMatch(
      /^552 5\.3\.4 /,
    )
    expect(await doors.client.keys(`*${doors.connection.namespace}:${site}*:upload:*`)).toEqual([])
    expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 0 })
  })

  test('whose sender goes away in the middle was never accepted', async () => {
    const site = await doors.open()
    const client = await begun(doors.port, site)
    await client.say('DATA')
    client.write(`a: b\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(600)}`)
    const uploads = () =>
      (doors.client as Client).keys(`*${doors.connection.namespace}:${site}*:upload:*`)
    await expect.poll(uploads, { timeout: 10_000 }).toHaveLength(1)
    client.socket.destroy()
    await expect.poll(uploads, { timeout: 10_000 }).toEqual([])
    expect(PIECE_BYTES).toBeLessThan(600_000)
    expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 0 })
  })

  test('that has passed 512 systems is reported as looping', async () => {
    const site = await doors.open()
    const client = await begun(doors.port, site)
    const passed = 'Received: from a by b; Mon, 23 Nov 2026 15:02:44 +0000\r\n'.repeat(512)
    const id = idIn(await sent(client, `${passed}Subject: loop\r\n\r\nx\r\n`))
    expect(await doors.settled(site, id)).toMatchObject([
      { outcome: 'reported', report: { code: expect.stringMatching(/^1\/3 /) } },
    ])
    const once = await begun(doors.port, site)
    const fewer = passed.slice(0, passed.length / 2)
    const other = idIn(await sent(once, `${fewer}Subject: loop\r\n\r\nx\r\n`))
    expect(await doors.settled(site, other)).toMatchObject([{ outcome: 'delivered' }])
  })
})

describe('a client', () => {
  test('that is silent is told so, and let go', async () => {
    const { port } = await doors.door({ idleMs: 200 })
    const client = await dialogue(port)
    expect(await client.reply()).toMatch(/^421 4\.4\.2 /)
    await client.closed
  })

  test('that sends a command too slowly is cut, though it is never silent', async () => {
    const { port } = await doors.door({ idleMs: 300 })
    const client = await dialogue(port)
    const drip = setInterval(() => client.write('x'), 20)
    expect(await client.reply()).toMatch(/^421 4\.4\.2 the command did not end in time/)
    clearInterval(drip)
    await client.closed
  })

  test('that sends its message too slowly is cut, though it is never silent', async () => {
    const site = await doors.open()
    const { port } = await doors.door({ dataMs: 300 })
    const client = await begun(port, site)
    await client.say('DATA')
    const drip = setInterval(() => client.write('x'), 20)
    expect(await client.reply()).toMatch(/^421 4\.4\.2 the message did not end in time/)
    clearInterval(drip)
    await client.closed
    expect(await doors.rest(site)).toMatchObject({ ...FLAWLESS, accepted: 0 })
  })

  test('that is one too many is sent away', async () => {
    const { port } = await doors.door({ clientsMax: 1 })
    await dialogue(port)
    const second = await dialogue(port)
    await second.closed
  })

  test('that speaks HTTP or nonsense is let go', async () => {
    const web = await dialogue(doors.port)
    expect(await web.say('GET / HTTP/1.1')).toMatch(/^421 /)
    const nonsense = await dialogue(doors.port)
    nonsense.write('x'.repeat(64 * 1024))
    await nonsense.closed
  })

  test('that pipelines everything is answered in order', async () => {
    const site = await doors.open()
    const client = await dialogue(doors.port)
    const letter = ['MAIL FROM:<>', `RCPT TO:<dave@${site}.example>`, 'DATA']
    client.write(`EHLO c\r\n${letter.join('\r\n')}\r\n`)
    for (const code of ['250', '250', '250', '354']) {
      expect((await client.reply()).slice(0, 3)).toBe(code)
    }
    client.write('a: b\r\n.\r\nQUIT\r\n')
    expect(idIn(await client.reply())).toMatch(/^[0-9a-f-]{36}$/)
    expect(await client.reply()).toMatch(/^221 /)
    await client.closed
  })
})
