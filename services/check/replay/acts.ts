/**
 * What people do in a schedule, done live: each act is the call of the API that it stands for.
 *
 * Some calls are answered only when what they ask for has been taken, and the site takes nothing by
 * itself. So a call is begun, and the act is done when its first event is held; the answer is
 * waited for at the end.
 */
import type { MailboxFacts } from '../../../machines/site.ts'
import type { MailEvent } from '../../../machines/wire.ts'
import type { ListView, MailboxView } from '../../runtime/views-of-mail.ts'
import { Refusal } from '../../scenario/client.ts'
import type { Act } from '../acts.ts'
import { answered, type Call, Differs, type Stage, standing, until } from './stage.ts'

export async function perform(stage: Stage, act: Act): Promise<void> {
  if (act.do === 'send') return send(stage, act)
  if (act.do === 'go on') return goOn(stage, act)
  const first = await firstOf(stage, act)
  if (act.do === 'move') stage.names.add(first.move?.id ?? '', act.id)
}

type GoOn = Extract<Act, { do: 'go on' }>
/** Acts that are calls of their own. */
type Asked = Exclude<Act, { do: 'send' } | GoOn>

/** A call that was begun before goes on by itself: what it asks for next is held, or was. */
async function goOn(stage: Stage, { mailbox }: GoOn): Promise<void> {
  const mine = ({ to, type }: MailEvent): boolean => {
    const [kind, , name = ''] = to.split('/')
    if (type === 'entry.written') return kind === 'directory' && name === mailbox
    return type === 'mailbox.deleted' && (name === mailbox || name.startsWith(`${mailbox}-`))
  }
  const begun = await until(stage, ({ held, moving }) =>
    moving === 0 && held.some(({ event }) => mine(event)) ? true : null,
  )
  if (!begun) throw new Differs(`the change of ${mailbox} does not go on`)
}

/** The first event that a call causes, held. */
async function firstOf(stage: Stage, act: Asked): Promise<MailEvent> {
  const before = new Set((await standing(stage)).map(({ id }) => id))
  const call = begin(stage, await callOf(stage, act))
  const event = await until(stage, ({ held, moving }) => {
    if (moving > 0) return null
    const first = held.find(
      ({ id, event }) => !before.has(id) && FIRST[act.do].includes(event.type),
    )
    return first?.event ?? (call.open ? null : 'nothing')
  })
  if (event !== null && event !== 'nothing') return event
  if (!call.failed) throw new Differs('it causes nothing')
  // An earlier call that has no answer yet may still have the mailbox for itself.
  if (isBusy(call.failed) && stage.asked.some(({ open }) => open)) {
    await answered(stage)
    return firstOf(stage, act)
  }
  throw new Differs(`the service refuses it: ${call.failed.message}`)
}

const isBusy = (error: Error): boolean =>
  error instanceof Refusal && ['mailbox-moving', 'mailbox-in-transit'].includes(error.code)

/** By what is seen that a call has begun. */
const FIRST: Record<Asked['do'], string[]> = {
  move: ['move.requested'],
  cancel: ['move.cancelled'],
  put: ['entry.written', 'mailbox.created', 'mailbox.limited'],
  delete: ['entry.written'],
  remove: ['item.deleted'],
  release: ['move.released'],
}

async function send(stage: Stage, act: Extract<Act, { do: 'send' }>): Promise<void> {
  const { from, to, server, priority, wanted, as, size = 0, deferForMs } = act
  const { reassignmentProhibited = false, expansionProhibited = false } = act
  const notify = [wanted ? 'failure' : 'never']
  const prohibited = { reassignmentProhibited, expansionProhibited }
  const about = { priority, notify, ...prohibited, subject: as, text: 'x'.repeat(size) }
  const later = deferForMs === undefined ? {} : { deferFor: deferForMs }
  const body = { from, to, server, ...about, ...later }
  const answer = stage.client.post<{ id: string }>(`${stage.path}/messages`, body)
  const { id } = await answer.catch((error: Error) => {
    throw new Differs(`the service refuses it: ${error.message}`)
  })
  stage.names.add(id, as)
}

function begin(stage: Stage, ask: () => Promise<unknown>): Call {
  const call: Call = { open: true, failed: null }
  ask()
    .catch((error: Error) => {
      // It is kept and will be done; only its caller has waited long enough.
      const kept = error instanceof Refusal && error.code === 'timeout'
      if (!kept) call.failed = error
    })
    .finally(() => {
      call.open = false
    })
  stage.asked.push(call)
  return call
}

async function callOf(stage: Stage, act: Asked): Promise<() => Promise<unknown>> {
  const { client, path, names } = stage
  const id = (name: string) => encodeURIComponent(names.live(name) ?? name)
  switch (act.do) {
    case 'move': {
      const holds = act.holdAt === undefined ? {} : { holdAt: act.holdAt }
      return () => client.post(`${path}/moves`, { mailbox: act.mailbox, to: act.to, ...holds })
    }
    case 'release': {
      const holds = act.holdAt === null ? {} : { holdAt: act.holdAt }
      return () => client.post(`${path}/moves/${id(act.move)}/release`, holds)
    }
    case 'cancel':
      return () => client.post(`${path}/moves/${id(act.move)}/cancel`, {})
    case 'put': {
      if (act.mailbox.list) return putList(stage, act.mailbox, act.now)
      const { alias, list: _, ...entry } = act.mailbox
      const place = `${path}/mailboxes/${alias}`
      const old = await client.get<MailboxView>(place).catch((error: Error) => {
        if (error instanceof Refusal && error.code === 'unknown-mailbox') return null
        throw error
      })
      const replicate = act.now ? 'now' : 'lagged'
      const { raw } = act
      // It is known at once.
      if (old === null) return () => client.put(place, raw ? { ...entry, raw } : entry)
      // The home of another is changed by a move, or in raw mode.
      const body = raw ? { ...entry, replicate, raw } : { ...entry, replicate, server: old.server }
      return () => client.put(place, body)
    }
    case 'delete': {
      const { lists } = await client.get<{ lists: ListView[] }>(`${path}/lists`)
      const kind = lists.some(({ alias }) => alias === act.mailbox) ? 'lists' : 'mailboxes'
      return () => client.delete(`${path}/${kind}/${act.mailbox}`)
    }
    case 'remove':
      return () => client.delete(`${path}/mailboxes/${act.mailbox}/messages/${id(act.message)}`)
  }
}

function putList(
  { client, path }: Stage,
  { alias, addresses, list }: MailboxFacts,
  now: boolean,
): () => Promise<unknown> {
  const replicate = now ? 'now' : 'lagged'
  const body = { ...list, ...(addresses ? { addresses } : {}), replicate }
  return () => client.put(`${path}/lists/${alias}`, body)
}
