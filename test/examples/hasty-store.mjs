/**
 * A defect of one's own: a store that says yes too soon. It answers for a mailbox that is being
 * moved as if that were open, and keeps nothing.
 *
 *     npm run -s check -- q248839 --profile exchange-5.5-sp4 --defect test/examples/hasty-store.mjs
 */

/** @type {import('undeliverable/defect').DefectFile} */
const hastyStore = ({ asks, state }) => ({
  id: 'hasty-store',
  title: 'A store that says yes for a locked mailbox',
  lines: {
    mailbox(lines) {
      state(lines, 'locked').on['mail.offered'] = {
        actions: asks({ send: 'reply.accepted', to: 'entry' }),
      }
    },
  },
})

export default hastyStore
