/**
 * Mailboxes from files: what a directory export of Exchange 5.5 says, and each thing that is wrong
 * in one by line and column.
 */
import { expect, test } from 'vitest'
import { readMailboxes, serversOf } from '../../../services/own/mailbox-file.ts'
import { temporaryFile } from '../../support/folder.ts'

const HEADER = [
  'Obj-Class,First Name,Last name,Display Name,Alias Name,Directory Name,Home-Server',
  'E-mail Addresses,Obj-Container,Alt-Recipient,Deliver-And-Redirect',
].join(',')

const csv = (...lines: string[]) => temporaryFile([HEADER, ...lines, ''].join('\r\n'), 'x.csv')
const yaml = (text: string) => temporaryFile(text, 'x.yaml')

test('a directory export is read as Exchange wrote it', async () => {
  const addresses =
    'MS:CORP/NYC/ABERG%SMTP:Anna@corp.example%smtp:a\\%b@corp.example%X400:c=US;a= ;p=Corp;s=Berg;'
  const found = await readMailboxes(
    csv(
      `Mailbox,Anna,Berg,"Berg, Anna",ABerg,ABerg,NYC,"${addresses}",Recipients,` +
        '/o=Corp/ou=NYC/cn=Recipients/cn=Bob.Carr,1',
      'Mailbox,Bob,Carr,Bob Carr,Bob.Carr,Bob.Carr,NYC,SMTP:bob@corp.example,Recipients,,0',
      'mailbox,Dave,Dunn,Dave Dunn,,DDunn,LON,,Recipients,Recipients/cn=ABerg,',
      'dl,,,Sales,Sales,Sales,,SMTP:sales@corp.example,Recipients,,',
      'Remote,,,Eve,Eve,Eve,,,Recipients,,',
    ),
  )
  expect(found).toEqual({
    mailboxes: [
      {
        alias: 'aberg',
        server: 'nyc',
        addresses: ['Anna@corp.example', 'a%b@corp.example'],
        alternateRecipient: 'bob-carr',
        deliverToBoth: true,
      },
      { alias: 'bob-carr', server: 'nyc', addresses: ['bob@corp.example'] },
      { alias: 'ddunn', server: 'lon', alternateRecipient: 'aberg', deliverToBoth: false },
    ],
    notes: [
      '1 of the class dl were left out',
      '1 of the class Remote were left out',
      '1 have another alias here than there',
    ],
  })
  expect(serversOf(found)).toEqual(['nyc', 'lon'])
})

test('columns may be named as the schema names them, in any order', async () => {
  const file = temporaryFile(
    'Home-Server,Common-Name,Obj-Class\r\nFALCON,SteveMas,mailbox\r\n',
    'x.csv',
  )
  const { mailboxes } = await readMailboxes(file)
  expect(mailboxes).toEqual([{ alias: 'stevemas', server: 'falcon' }])
})

const LINES = 'Obj-Class,Alias Name,Home-Server\nMailbox,J\xfcrgen,a\n'

test.each([
  ['utf-16', Buffer.from(`\ufeff${LINES}`, 'utf16le')],
  ['1252', Buffer.from(LINES, 'latin1')],
  ['utf-8', Buffer.from(`\ufeff${LINES}`, 'utf8')],
])('a file may be in %s', async (_, bytes) => {
  const { mailboxes } = await readMailboxes(temporaryFile(bytes, 'x.csv'))
  expect(mailboxes).toEqual([{ alias: 'j-rgen', server: 'a' }])
})

test('all that is wrong in an export is told, by line and column', async () => {
  const file = csv(
    'Mailbox,,,,ann,ann,NYC,,,Recipients/cn=Sales,maybe',
    'Mailbox,,,,Ann,other,,,,,',
    'Mailbox,,,,---,---,~SERVER,,,,',
    'dl,,,,Sales,Sales,,,,,',
  )
  const reasons = [
    'line 3, Alias Name: the alias ann is that of line 2, too',
    'line 4, Alias Name: it has no name that could be an alias',
    'line 2, Alt-Recipient: Recipients/cn=Sales is no mailbox, and is not imported',
    'line 2, Deliver-And-Redirect: "maybe" is neither 1 nor 0',
    'line 3, Home-Server: a mailbox has a home server',
    'line 4, Home-Server: ~SERVER is not known here',
  ]
  await expect(readMailboxes(file)).rejects.toThrow(
    reasons.map((reason) => `${file}: ${reason}`).join('\n'),
  )
})

test.each([
  ['Name,Server\na,b\n', 'line 1: there is no column obj-class'],
  ['Obj-Class,Home-Server\nMailbox,b\n', 'line 1: there is neither a column Alias Name nor'],
  ['Obj-Class,Alias Name,Home-Server\nMailbox,a,b,c\n', 'line 2: Invalid Record Length'],
  ['Obj-Class,Alias Name,Home-Server\nMailbox,"a,b\n', 'line 2: Quote Not Closed'],
  ['Obj-Class,Alias Name,Home-Server\ndl,a,b\n', 'has no line of the class Mailbox'],
  ['Obj-Class,Mode,Alias Name,Home-Server\nMailbox,Delete,a,b\n', 'line 2, Mode: "delete" is'],
])('%j is refused', async (text, words) => {
  await expect(readMailboxes(temporaryFile(text, 'x.csv'))).rejects.toThrow(words)
})

test('YAML, with the place of what is wrong', async () => {
  const good = '- { alias: ann, server: a }\n- { alias: ben, server: b, deliverToBoth: true }\n'
  expect((await readMailboxes(yaml(good))).mailboxes).toEqual([
    { alias: 'ann', server: 'a' },
    { alias: 'ben', server: 'b', deliverToBoth: true },
  ])
  const bad = [
    'mailboxes:',
    '  - { alias: zoe, server: nyc }',
    '  - { alias: Yan, server: nyc, both: true }',
    '  - alias: zoe',
    '    server: lon',
  ].join('\n')
  const refused = readMailboxes(yaml(bad))
  await expect(refused).rejects.toThrow('line 3, column 5: mailboxes[1]: unknown key both')
  await expect(refused).rejects.toThrow('line 3, column 5: mailboxes[1].alias: "Yan" does not')
  await expect(refused).rejects.toThrow('line 4, column 5: the alias zoe is that of line 2, col')
  await expect(readMailboxes(yaml('mailboxes: 5'))).rejects.toThrow('has no list `mailboxes`')
  await expect(readMailboxes(yaml('[]'))).rejects.toThrow('has no mailbox')
})

test('thousands of lines in one go', async () => {
  const lines = Array.from({ length: 5_000 }, (_, i) => `Mailbox,,,,user${i},user${i},NYC,,,,`)
  expect((await readMailboxes(csv(...lines))).mailboxes.length).toBe(5_000)
})
