/**
 * A test suite that uses a client library of Mailpit's (`mailpit-api`), as it would be written
 * against Mailpit: only its base URL is ours. Below a mailbox, and below a site.
 */
import { request } from 'node:http'
import { MailpitClient } from 'mailpit-api'
import { beforeEach, describe, expect, test } from 'vitest'
import { liveWorld } from './live-world.ts'

const world = liveWorld()
const SOON = { timeout: 20_000, interval: 20 }
const nameOf = () => world.site.replace('/sites/', '')

describe.each([
  ['a mailbox', '/mailboxes/dave'],
  ['a site', ''],
])('%s', (_what, path) => {
  let mailpit: MailpitClient
  let domain: string
  beforeEach(async () => {
    mailpit = new MailpitClient(`${world.origin}${world.site}${path}`)
    domain = `${nameOf()}.example`
    await mailpit.deleteMessages()
  })
  const send = (Subject: string, more: object = {}) =>
    mailpit.sendMessage({
      From: { Email: 'ann@far.example', Name: 'Ann' },
      To: [{ Email: `dave@${domain}`, Name: 'Dave' }],
      Subject,
      Text: 'At noon.',
      ...more,
    })
  const arrived = (query: string) => mailpit.waitForMessage({ query }, SOON)

  test('a message is sent, waited for and shown', async () => {
    const { ID } = await send('Welcome!', { HTML: '<p>At <b>noon</b>.</p>' })
    const message = await arrived('subject:Welcome')
    expect(message).toMatchObject({
      ID,
      Subject: 'Welcome!',
      From: { Name: 'Ann', Address: 'ann@far.example' },
      To: [{ Name: 'Dave', Address: `dave@${domain}` }],
      ReturnPath: 'ann@far.example',
    })
    expect(message.HTML).toContain('<b>noon</b>')
    expect(message.Text).toContain('At noon.')
    expect(await mailpit.getMessageHeaders()).toMatchObject({ Subject: ['Welcome!'] })
    expect(await mailpit.getMessageSource(ID)).toContain('\r\nSubject: Welcome!\r\n')
    expect(await mailpit.renderMessageHTML()).toContain('<b>noon</b>')
    expect(await mailpit.renderMessageText(ID)).toContain('At noon.')
    await expect(mailpit.getMessageSummary('none')).rejects.toThrow('404')
  })

  test('attachments go there and back, with their checksums', async () => {
    const Content = 'MSwy'
    const file = { Filename: 'a.csv', Content, ContentType: 'text/csv' }
    const { ID } = await send('Files', {
      Attachments: [file],
      ReplyTo: [{ Email: 'x@far.example' }],
    })
    const { Attachments, ReplyTo } = await arrived('has:attachment')
    expect(ReplyTo).toMatchObject([{ Address: 'x@far.example' }])
    expect(Attachments).toMatchObject([
      {
        FileName: 'a.csv',
        Size: 3,
        Checksums: { SHA1: '2219fecb861ae82ba2706e49a065c8d155e9f2a6' },
      },
    ])
    const blob = await mailpit.getMessageAttachment(ID, Attachments[0]?.PartID ?? '')
    expect(await blob.text()).toBe('1,2')
  })

  test('lists are paged, and count what was read', async () => {
    for (const subject of ['one', 'two', 'three']) {
      await send(subject)
      await arrived(`subject:${subject}`)
    }
    await mailpit.setReadStatus({ Read: false })
    expect(await mailpit.listMessages(1, 1)).toMatchObject({
      count: 1,
      start: 1,
      total: 3,
      unread: 3,
    })
    await mailpit.getMessageSummary('latest')
    expect(await mailpit.getInfo()).toMatchObject({ Messages: 3, Unread: 2 })
    const { messages } = await mailpit.searchMessages({ query: 'is:read' })
    expect(messages).toMatchObject([{ Subject: 'three', Read: true }])
    await mailpit.setReadStatus({ Read: true, Search: 'subject:one' })
    expect((await mailpit.searchMessages({ query: 'is:unread' })).messages_count).toBe(1)
    expect(await mailpit.waitForMessages({ count: 3, exact: true }, SOON)).toMatchObject({
      total: 3,
    })
  })

  test('tags', async () => {
    const { ID } = await send('one', { Tags: ['first', 'mine'] })
    await send('two')
    await mailpit.waitForMessages({ count: 2 }, SOON)
    expect(await mailpit.getTags()).toEqual(['first', 'mine'])
    await mailpit.renameTag('first', 'last')
    await mailpit.deleteTag('mine')
    expect((await mailpit.searchMessages({ query: 'tag:last' })).messages).toMatchObject([
      { ID, Tags: ['last'] },
    ])
    await mailpit.setTags({ IDs: [ID], Tags: [] })
    expect(await mailpit.getTags()).toEqual([])
    await expect(mailpit.setTags({ IDs: [ID], Tags: ['a/b'] })).rejects.toThrow('400')
  })

  test('messages are deleted by id, by search, and all of them', async () => {
    const sent = await Promise.all(['one', 'two', 'three', 'four'].map((each) => send(each)))
    await mailpit.waitForMessages({ count: 4 }, SOON)
    const subjects = async () =>
      (await mailpit.listMessages()).messages.map(({ Subject }) => Subject).sort()
    await mailpit.deleteMessages({ IDs: [sent[2]?.ID ?? ''] })
    expect(await subjects()).toEqual(['four', 'one', 'two'])
    await mailpit.deleteMessagesBySearch({ query: 'from:ann subject:o -subject:four' })
    expect(await subjects()).toEqual(['four'])
    await mailpit.deleteMessages()
    expect((await mailpit.listMessages()).total).toBe(0)
  })

  test('what is not served says so', async () => {
    const { ID } = await send('one')
    await arrived('one')
    expect(await mailpit.getConfiguration()).toMatchObject({ ChaosEnabled: false })
    await expect(mailpit.htmlCheck(ID)).rejects.toThrow('404')
    await expect(mailpit.linkCheck(ID)).rejects.toThrow('404')
    await expect(mailpit.releaseMessage(ID, { To: ['x@far.example'] })).rejects.toThrow('404')
    await expect(mailpit.getChaosTriggers()).rejects.toThrow('404')
  })
})

test('in all of a site, a message to several mailboxes is one', async () => {
  const mailpit = new MailpitClient(`${world.origin}${world.site}`)
  const To = ['bob', 'dave', 'x'].map((name) => ({ Email: `${name}@${nameOf()}.example` }))
  const sent = { From: { Email: 'carol@far.example' }, To, Subject: 'to all' }
  const { ID } = await mailpit.sendMessage(sent)
  // The third is nobody: a report about it goes to carol, out there.
  const { messages } = await mailpit.waitForMessages({ count: 2, exact: true }, SOON)
  expect(messages.map(({ Subject }) => Subject).sort()).toEqual(['Undeliverable: to all', 'to all'])
  await mailpit.deleteMessages({ IDs: [ID] })
  for (const alias of ['bob', 'dave']) {
    const { body } = await world.get<{ total: number }>(`${world.site}/mailboxes/${alias}/messages`)
    expect(body.total).toBe(0)
  }
})

test('a mailbox or a site is chosen by the query, or by the host', async () => {
  const mailpit = new MailpitClient(`${world.origin}${world.site}/mailboxes/dave`)
  const To = [{ Email: `dave@${nameOf()}.example` }]
  await mailpit.sendMessage({ From: { Email: 'ann@far.example' }, To, Subject: 'here' })
  await mailpit.waitForMessages({ count: 1 }, SOON)
  const port = new URL(world.origin).port
  const asked = (path: string, host = 'localhost') =>
    new Promise<unknown>((resolve, reject) => {
      const headers = { host: `${host}:${port}` }
      const options = { host: '127.0.0.1', port, path, headers, agent: false }
      request(options, async (answer) => {
        let text = ''
        for await (const piece of answer) text += piece
        const { total, code } = JSON.parse(text) as { total?: number; code?: string }
        resolve(total ?? code)
      })
        .once('error', reject)
        .end()
    })
  const site = nameOf()
  expect(await asked(`/api/v1/messages?site=${site}&mailbox=dave`)).toBe(1)
  expect(await asked(`/api/v1/messages?site=${site}&mailbox=bob&limit=1`)).toBe(0)
  expect(await asked(`/api/v1/messages?site=${site}`)).toBe(1)
  expect(await asked('/api/v1/messages', `dave.${site}.localhost`)).toBe(1)
  expect(await asked('/api/v1/messages?mailbox=bob', `${site}.localhost`)).toBe(0)
  expect(await asked('/api/v1/messages', `${site}.localhost`)).toBe(1)
  expect(await asked('/api/v1/messages')).toBe('not-found')
  expect(await asked('/api/v1/messages?site=no-such')).toBe('unknown-site')
})
