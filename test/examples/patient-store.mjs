/**
 * A policy of one's own: a store that deferred is asked again after a minute, then after two, and
 * so on.
 *
 * @type {import('undeliverable/defect').DefectFile}
 */
const patientStore = {
  id: 'patient-store',
  title: 'A store is asked again after one minute more each time',
  parts: { storeDelay: (_figures, attempts) => attempts * 60_000 },
}

export default patientStore
