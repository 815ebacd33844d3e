/**
 * The live emulator: the parts put together behind the one interface that the doors use.
 */
import { DEFECTS } from '../../machines/defects.ts'
import { problem } from '../errors.ts'
import type { Connection } from '../redis/connect.ts'
import { eventLog, trackingLog, trackingLogs } from '../tracking/logs.ts'
import { accept } from './accept.ts'
import { LIMITS, type Limits, openAdmission } from './admission.ts'
import { openAlarms } from './alarms.ts'
import * as batches from './batches.ts'
import { bundle } from './bundle.ts'
import { type Client, withCommit } from './commit.ts'
import { openConfirmation } from './confirm.ts'
import * as debug from './debug.ts'
import { openDestinations } from './destination.ts'
import type { Emulator } from './emulator.ts'
import * as faults from './fault-rules.ts'
import { noteChange } from './history.ts'
import { importMailboxes } from './import.ts'
import * as items from './items.ts'
import { follow } from './journal.ts'
import { cacheKey } from './keys.ts'
import { audit } from './ledger.ts'
import * as lifecycle from './lifecycle.ts'
import * as lists from './lists.ts'
import { type Live, serverIn, siteOf, still } from './live-parts.ts'
import { viewOf } from './mailbox-view.ts'
import * as mailboxes from './mailboxes.ts'
import * as marks from './marks.ts'
import * as moves from './moves.ts'
import { deadLetters } from './poison.ts'
import { prefill } from './prefill.ts'
import { pulseAfter } from './pulse.ts'
import { openQueues, queueNamesOf } from './queues.ts'
import { ready } from './readiness.ts'
import { restAndAudit } from './rest-and-audit.ts'
import { openSettings } from './settings.ts'
import * as time from './time.ts'
import * as views from './views.ts'
import type { ProfileSpec, SiteView } from './views-of-mail.ts'
import { openWatch } from './watch.ts'

export async function openEmulator(
  connection: Connection,
  limits: Partial<Limits> = {},
): Promise<Emulator & { close(): Promise<void> }> {
  const client = withCommit(connection.client())
  const confirmation = await openConfirmation(connection, client).catch((error: Error) => {
    client.disconnect()
    throw error
  })
  const jobs = connection.client() as Client
  const queues = openQueues(jobs, connection.namespace)
  const settings = await openSettings(connection)
  const watch = await openWatch(connection)
  const live: Live = {
    connection,
    client,
    confirmation,
    admission: openAdmission(client, { ...LIMITS, ...limits }),
    queues,
    alarms: openAlarms(queues, client),
    settings,
    watch,
  }
  const destinations = openDestinations(settings, client)
  const calls = (asked: Live): Emulator => ({
    destination: destinations.of,
    postmaster: destinations.postmaster,
    ...siteCalls(asked),
    ...mailCalls(asked),
    ...driveCalls(asked),
    ...probeCalls(asked),
    onBehalfOf: (caller) => calls({ ...live, caller }),
  })
  return {
    ...calls(live),
    async close() {
      live.admission.close()
      confirmation.close()
      await watch.close()
      await queues.close()
      await settings.close()
      await Promise.all([client.quit(), jobs.quit()])
    },
  }
}

const siteCalls = (live: Live) => ({
  createSite: (spec: Parameters<Emulator['createSite']>[0]) => lifecycle.createSite(live, spec),
  sites: () => lifecycle.listSites(live),
  site: async (site: string) => lifecycle.viewOf(live, await siteOf(live, site)),
  changeProfile: (site: string, profile: ProfileSpec) => changeProfile(live, site, profile),
  deleteSite: (site: string) => lifecycle.deleteSite(live, site),
})

async function changeProfile(live: Live, site: string, spec: ProfileSpec): Promise<SiteView> {
  const profile = lifecycle.profileFor(spec)
  const settings = await siteOf(live, site)
  const unknown = settings.profile.defects.find((id) => !Object.hasOwn(DEFECTS, id))
  if (unknown !== undefined) {
    const why = 'what becomes of machines that are in a state of its own is said in its file'
    throw problem('missing-defect', `The site has the defect "${unknown}" now; ${why}.`)
  }
  await noteChange(live.client, settings, { what: 'profile', before: settings.profile })
  const changed = await live.settings.change(site, (old) => ({ ...old, profile }))
  return lifecycle.viewOf(live, still(changed, site))
}

const mailCalls = (live: Live): Pick<Emulator, MailCall> => ({
  putMailbox: (...args) => mailboxes.putMailbox(live, ...args),
  prefill: (...args) => prefill(live, ...args),
  importMailboxes: (...args) => importMailboxes(live, ...args),
  mailboxes: (...args) => mailboxes.listMailboxes(live, ...args),
  mailbox: async (site, alias) => viewOf(live, await siteOf(live, site), alias),
  deleteMailbox: (...args) => mailboxes.deleteMailbox(live, ...args),
  putList: (...args) => lists.putList(live, ...args),
  lists: (...args) => lists.listLists(live, ...args),
  list: async (site, alias) => lists.viewOfList(live, await siteOf(live, site), alias),
  deleteList: (...args) => lists.deleteList(live, ...args),
  items: (...args) => items.listItems(live, ...args),
  item: (...args) => items.getItem(live, ...args),
  itemView: (...args) => items.getItemView(live, ...args),
  rawItem: (...args) => items.getRaw(live, ...args),
  attachment: (...args) => items.getAttachment(live, ...args),
  deleteItem: (...args) => items.deleteItem(live, ...args),
  marks: (...args) => marks.marksOf(live, ...args),
  mark: (...args) => marks.mark(live, ...args),
  marked: (...args) => marks.markedSince(live, ...args),
  pulse: (...args) => pulseAfter(live, ...args),
  accept: (...args) => accept(live, ...args),
  messages: (...args) => views.listMessages(live, ...args),
  message: (...args) => views.getMessage(live, ...args),
  recipient: (...args) => views.getRecipient(live, ...args),
})
type MailCall =
  | 'putMailbox'
  | 'importMailboxes'
  | 'prefill'
  | 'mailboxes'
  | 'mailbox'
  | 'deleteMailbox'
  | 'putList'
  | 'lists'
  | 'list'
  | 'deleteList'
  | 'items'
  | 'item'
  | 'itemView'
  | 'rawItem'
  | 'attachment'
  | 'deleteItem'
  | 'marks'
  | 'mark'
  | 'marked'
  | 'pulse'
  | 'accept'
  | 'messages'
  | 'message'
  | 'recipient'

const driveCalls = (live: Live): Pick<Emulator, DriveCall> => ({
  startMove: (...args) => moves.start(live, ...args),
  moves: (...args) => moves.list(live, ...args),
  move: (...args) => moves.get(live, ...args),
  releaseMove: (...args) => moves.release(live, ...args),
  cancelMove: (...args) => moves.cancel(live, ...args),
  startBatch: (...args) => batches.startBatch(live, ...args),
  batches: (...args) => batches.listBatches(live, ...args),
  batch: (...args) => batches.getBatch(live, ...args),
  cancelBatch: (...args) => batches.cancelBatch(live, ...args),
  addFault: (...args) => faults.addFault(live, ...args),
  faults: (...args) => faults.listFaults(live, ...args),
  fault: (...args) => faults.getFault(live, ...args),
  deleteFault: (...args) => faults.deleteFault(live, ...args),
  restartServer: (site, server) => restartServer(live, site, server),
  clock: (...args) => time.getClock(live, ...args),
  setClock: (...args) => time.setClock(live, ...args),
  advance: (...args) => time.advance(live, ...args),
  rest: (...args) => restAndAudit(live, ...args),
  pause: (...args) => debug.pause(live, ...args),
  held: (...args) => debug.held(live, ...args),
  standing: (...args) => debug.standing(live, ...args),
  step: (...args) => debug.step(live, ...args),
  resume: (...args) => debug.resume(live, ...args),
})
type DriveCall =
  | 'startMove'
  | 'moves'
  | 'move'
  | 'releaseMove'
  | 'cancelMove'
  | 'startBatch'
  | 'batches'
  | 'batch'
  | 'cancelBatch'
  | 'addFault'
  | 'faults'
  | 'fault'
  | 'deleteFault'
  | 'restartServer'
  | 'clock'
  | 'setClock'
  | 'advance'
  | 'rest'
  | 'pause'
  | 'held'
  | 'standing'
  | 'step'
  | 'resume'

/** Restarting an MTA empties its cache (Q178534). */
async function restartServer(live: Live, site: string, server: string): Promise<void> {
  const settings = await siteOf(live, site)
  const cache = cacheKey(settings, serverIn(settings, server))
  await noteChange(live.client, settings, { what: 'restart', server })
  await live.client.del(cache)
}

const probeCalls = (live: Live): Pick<Emulator, ProbeCall> => ({
  audit: (...args) => audit(live, ...args),
  deadLetters: (...args) => deadLetters(live, ...args),
  bundle: (...args) => bundle(live, ...args),
  trackingLogs: (...args) => trackingLogs(live, ...args),
  trackingLog: (...args) => trackingLog(live, ...args),
  eventLog: (...args) => eventLog(live, ...args),
  events: (...args) => follow(live, ...args),
  ready: () => ready(live),
  async queueNames() {
    const names = await live.settings.names()
    const sites = await Promise.all(names.map((name) => live.settings.get(name)))
    return sites.flatMap((site) => (site ? queueNamesOf(site.site, site.servers) : []))
  },
})

type ProbeCall =
  | 'audit'
  | 'deadLetters'
  | 'bundle'
  | 'trackingLogs'
  | 'trackingLog'
  | 'eventLog'
  | 'events'
  | 'ready'
  | 'queueNames'
