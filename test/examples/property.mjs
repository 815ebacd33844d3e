/** A property as a user of the package would write it: README.md has it. */
import fc from 'fast-check'
import { startLab } from 'undeliverable/lab'
import { nothingIsLost } from 'undeliverable/properties'

const lab = await startLab()
const property = nothingIsLost(lab, { profile: process.env.PROFILE }, (site) => site.restart('nyc'))
await fc.assert(property, { numRuns: 20 }).finally(lab.close)
