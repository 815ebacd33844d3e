/**
 * `/sites/:site/bundle`: a site in one file, to be judged and made again elsewhere.
 *
 * It is written piece by piece, a step a line: a large journal is never one string here, and a
 * person can find the line that a checker names.
 */
import { Readable } from 'node:stream'
import type { Bundle } from '../runtime/views-of-bundle.ts'
import { BundleFile } from './bundle-schema.ts'
import { BUNDLE_RECIPIENTS_MAX, BUNDLE_STEPS_MAX } from './limits.ts'
import type { Resource } from './resource.ts'
import { Refusals, SiteParams } from './schema.ts'

const read: Resource = (app, { emulator }) => {
  app.get(
    '/sites/:site/bundle',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'The site in one file',
        description:
          'Topology, profile, versions, journal, accepted messages and audit. At most ' +
          `${BUNDLE_STEPS_MAX} steps and ${BUNDLE_RECIPIENTS_MAX} accepted recipients, the ` +
          'newest; `journal.trimmed` and `accepted.leftOut` say what is not there.',
        tags: ['audit'],
        params: SiteParams,
        response: {
          200: {
            description: 'JSON, a step a line.',
            content: { 'application/json': { schema: BundleFile } },
          },
          ...Refusals,
        },
      },
    },
    async (request, reply) => {
      const limits = { steps: BUNDLE_STEPS_MAX, recipients: BUNDLE_RECIPIENTS_MAX }
      const bundle = await emulator.bundle(request.params.site, limits)
      const name = `${bundle.site}.bundle.json`
      return reply
        .type('application/json')
        .header('content-disposition', `inline; filename="${name}"`)
        .send(Readable.from(linesOf(bundle)) as never)
    },
  )
}

export const bundle: Resource[] = [read]

/** Lists of steps and messages an element a line, everything else a member a line. */
function* linesOf({ journal, accepted, actors, audit, ...facts }: Bundle) {
  const { steps, ...about } = journal
  const { messages, leftOut } = accepted
  yield '{\n'
  for (const [name, value] of Object.entries(facts)) yield `"${name}":${JSON.stringify(value)},\n`
  yield `"journal":${JSON.stringify(about).slice(0, -1)},"steps":[\n`
  yield* elements(steps)
  yield `]},\n"actors":${JSON.stringify(actors)},\n`
  yield `"accepted":{"leftOut":${leftOut},"messages":[\n`
  yield* elements(messages)
  yield `]},\n"audit":${JSON.stringify(audit)}\n}\n`
}

function* elements(list: unknown[]) {
  for (const [i, one] of list.entries()) {
    yield `${JSON.stringify(one)}${i + 1 < list.length ? ',' : ''}\n`
  }
}
