/** Safeguards of distribution lists. */
import { ALWAYS, guarded, type Safeguard } from './safeguard.ts'
import { ANNA, CAROL, send } from './scenes.ts'

const BOB = { alias: 'bob', server: 'lon' }
const TEAM = {
  alias: 'team',
  server: 'nyc',
  list: { members: ['anna', 'bob'], reportToOriginator: true },
}

const toTheList = { mailboxes: [ANNA, BOB, CAROL, TEAM], acts: [send(['team'])] }

export const LISTS: Safeguard[] = [
  {
    name: 'a list is expanded once, however often its message comes',
    at: 'machines/message.ts, state accepted',
    breaks: 'I1 letter anna own',
    scene: toTheList,
    bounds: { duplicates: 1 },
    without: {
      load: (loaded) =>
        loaded.event.type === 'mail.submitted' ? { ...loaded, actors: new Map() } : loaded,
    },
  },
  {
    name: "a list's members are kept with the end of its entry",
    at: 'machines/keep.ts, members',
    breaks: 'I8 letter team own',
    scene: toTheList,
    bounds: { crashes: 1 },
    without: {
      edit: (stepped) => ({
        ...stepped,
        items: stepped.items.filter((write) => !('recipients' in write)),
      }),
    },
  },
  {
    name: 'a copy is routing while members of its lists are not routed',
    at: 'machines/see.ts, expands',
    breaks: 'I1 letter anna own',
    scene: toTheList,
    bounds: {},
    without: guarded('message', { last: ALWAYS }),
  },
]
