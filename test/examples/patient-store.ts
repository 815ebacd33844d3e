/**
 * A policy of one's own: a store that deferred is asked again after a minute, then after two, and
 * so on.
 */
export default {
  id: 'patient-store',
  title: 'A store is asked again after one minute more each time',
  parts: { storeDelay: (_figures: object, attempts: number) => attempts * 60_000 },
}
