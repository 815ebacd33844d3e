/**
 * One mail transaction: MAIL, RCPT, DATA. What it says is checked as it comes, and a message is
 * accepted by the same call as one over HTTP: `250` after DATA means what `202` means there.
 *
 * Rules: only mail for a site's domain is taken (no relay); the recipients of one transaction lie
 * in one site; NUL and line ends other than CRLF are refused, so nothing can hide a second message
 * within one (RFC 5321 §4.1.1.4); all else is kept as it came, byte for byte.
 */
import type {
  SMTPServerAddress,
  SMTPServerDataStream,
  SMTPServerEnvelope,
  SMTPServerSession,
} from 'smtp-server'
import { complaintAbout } from '../api/address.ts'
import { ENVELOPE_ID_CHARACTERS_MAX } from '../api/limits.ts'
import { PRINTABLE } from '../mime/encode.ts'
import { lineEnds } from '../mime/line-ends.ts'
import type { Incoming } from '../runtime/arrival.ts'
import { POSTMASTER } from '../runtime/destination.ts'
import type { Emulator } from '../runtime/emulator.ts'
import type { Enveloped, Notify } from '../runtime/views-of-mail.ts'
import { ORCPT_CHARACTERS_MAX } from './limits.ts'
import { Refusal } from './replies.ts'

export type Doors = Pick<Emulator, 'accept' | 'destination' | 'postmaster'>

/** The site of the transaction's recipients: the library makes a new envelope for each. */
const sites = new WeakMap<SMTPServerEnvelope, string>()

const MAIL_PARAMETERS = ['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', 'REQUIRETLS', 'AUTH']
const RCPT_PARAMETERS = ['NOTIFY', 'ORCPT']

export function checkSender(given: SMTPServerAddress, session: SMTPServerSession): void {
  checkParameters(given, MAIL_PARAMETERS)
  const complaint = given.address === '' ? undefined : complaintAbout(given.address)
  if (complaint) throw new Refusal(553, '5.1.7', complaint)
  checkCharacters(given.address, session)
  const envid = session.envelope.dsn?.envid ?? ''
  if (envid.length > ENVELOPE_ID_CHARACTERS_MAX) {
    throw new Refusal(501, '5.5.4', `ENVID has over ${ENVELOPE_ID_CHARACTERS_MAX} characters`)
  }
  if (!PRINTABLE.test(envid)) throw new Refusal(501, '5.5.4', 'ENVID is printable ASCII')
}

export async function checkRecipient(
  doors: Doors,
  given: SMTPServerAddress,
  session: SMTPServerSession,
): Promise<void> {
  const { dsn } = given
  const earlier = sites.get(session.envelope)
  checkParameters(given, RCPT_PARAMETERS)
  if (given.address.toLowerCase() === POSTMASTER) {
    given.address = (await doors.postmaster(earlier)) ?? given.address
  }
  const { address } = given
  const complaint = address.includes('@') ? complaintAbout(address) : 'it has no domain'
  if (complaint) throw new Refusal(553, '5.1.3', complaint)
  checkCharacters(address, session)
  if ((dsn?.orcpt?.length ?? 0) > ORCPT_CHARACTERS_MAX) {
    throw new Refusal(501, '5.5.4', `ORCPT has over ${ORCPT_CHARACTERS_MAX} characters`)
  }
  const destination = await doors.destination(address)
  if (!destination) {
    throw new Refusal(550, '5.1.2', 'no site here has that domain, and nothing is relayed')
  }
  if (destination.refused) throw new Refusal(550, '5.1.1', 'no mailbox has that address')
  const site = earlier ?? destination.site
  if (site !== destination.site) {
    throw new Refusal(452, '4.5.3', 'another site: its recipients take a transaction of their own')
  }
  sites.set(session.envelope, site)
}

/** RFC 5321 §4.1.1.11: what is not known is refused, since it may have asked for something. */
function checkParameters({ args }: SMTPServerAddress, known: string[]): void {
  const unknown = Object.keys(args || {}).find((name) => !known.includes(name))
  if (unknown) throw new Refusal(555, '5.5.4', `the parameter ${unknown} is not known here`)
}

/** RFC 6531 §3.4: an address beyond ASCII must be announced. */
function checkCharacters(address: string, { envelope }: SMTPServerSession): void {
  if (envelope.smtpUtf8 || /^[\0-\x7f]*$/.test(address)) return
  throw new Refusal(553, '5.6.7', 'an address beyond ASCII takes SMTPUTF8')
}

/** The id of the message, once it is accepted. */
export async function takeMessage(
  doors: Doors,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<string> {
  const { envelope } = session
  const site = sites.get(envelope) as string
  const incoming: Incoming = {
    pieces: withCheckedLines(stream),
    strict: false,
    broughtBy: {
      helo: session.hostNameAppearsAs,
      address: session.remoteAddress,
      protocol: session.transmissionType,
    },
  }
  return (await doors.accept(site, envelopedOf(envelope), undefined, incoming)).id
}

async function* withCheckedLines(stream: SMTPServerDataStream): AsyncIterable<Buffer> {
  const lines = lineEnds()
  const check = (complaint: string | undefined) => {
    if (complaint) throw new Refusal(554, '5.6.0', complaint)
  }
  // The rest of a refused message still has to be read before it can be answered.
  for await (const piece of stream.iterator({ destroyOnReturn: false })) {
    check(lines.look(piece))
    yield piece
  }
  check(lines.end())
}

function envelopedOf({ mailFrom, rcptTo, dsn }: SMTPServerEnvelope): Enveloped {
  const asked = {
    ...(dsn?.ret ? { ret: dsn.ret.toUpperCase() === 'FULL' ? 'full' : 'headers' } : {}),
    ...(dsn?.envid ? { envelopeId: dsn.envid } : {}),
  } as Enveloped['asked'] & object
  return {
    from: mailFrom ? mailFrom.address : '',
    to: rcptTo.map(({ address }) => address),
    each: rcptTo.map(({ dsn: mine }) => ({
      ...(mine?.notify ? { notify: mine.notify.map((word) => word.toLowerCase() as Notify) } : {}),
      ...(mine?.orcpt ? { orcpt: mine.orcpt } : {}),
    })),
    ...(Object.keys(asked).length > 0 ? { asked } : {}),
  }
}
