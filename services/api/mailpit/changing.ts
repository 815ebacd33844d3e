/**
 * Mailpit's API: what is changed. Messages are deleted, count as read or not, and bear tags.
 */
import { Type } from 'typebox'
import type { Emulator } from '../../runtime/emulator.ts'
import { MAILPIT_TAG_CHARACTERS_MAX, MAILPIT_TAGS_MAX } from '../limits.ts'
import { askedBy, type Resource } from '../resource.ts'
import { strict } from '../schema.ts'
import { countsOf, find, type Held, newest, search } from './inbox.ts'
import { Ids, PLACES, Query, schemaAt, TimeZone, type Where } from './places.ts'

const OK = 'ok'
const PLAIN = { type: 'text/plain' }

/** As Mailpit restricts them. */
export const Tag = Type.String({
  pattern: '^[A-Za-z0-9._@ -]+$',
  maxLength: MAILPIT_TAG_CHARACTERS_MAX,
})
export const Tags = Type.Array(Tag, { maxItems: MAILPIT_TAGS_MAX })

/** The messages with these ids. */
const named = (emulator: Emulator, where: Where, ids: string[]): Promise<Held[]> =>
  Promise.all(ids.map((id) => find(emulator, where, id)))

async function deleteAll(emulator: Emulator, { site }: Where, all: Held[]): Promise<void> {
  for (const { id, aliases } of all) {
    for (const alias of aliases) await emulator.deleteItem(site, alias, id)
  }
}

const removal: Resource = (app, { emulator }) => {
  for (const place of PLACES) {
    const path = `${place.prefix}/api/v1`
    const schema = {
      ...schemaAt(place, 'delete these messages, or all', PLAIN),
      body: strict({ IDs: Type.Optional(Ids) }),
    }
    app.delete(`${path}/messages`, { schema }, async (request, reply) => {
      const { params: where, body } = request
      const by = askedBy(request, emulator)
      const { IDs = [] } = body
      if (IDs.length > 0) await deleteAll(by, where, await named(emulator, where, IDs))
      for (let left = IDs.length === 0; left; ) {
        const all = await newest(emulator, where)
        await deleteAll(by, where, all)
        left = all.length > 0
      }
      return reply.type('text/plain').send(OK as never)
    })

    const matching = {
      ...schemaAt(place, 'delete what matches, among the newest', PLAIN),
      querystring: strict({ ...TimeZone, query: Query }),
    }
    app.delete(`${path}/search`, { schema: matching }, async (request, reply) => {
      const { params: where, query } = request
      const found = await search(emulator, where, query.query)
      const all = found.map(({ held }) => held)
      await deleteAll(askedBy(request, emulator), where, all)
      return reply.type('text/plain').send(OK as never)
    })
  }
}

const readStatus: Resource = (app, { emulator }) => {
  for (const place of PLACES) {
    const schema = {
      ...schemaAt(place, 'these messages, or all of the newest, were read or not', PLAIN),
      querystring: strict(TimeZone),
      body: strict({
        IDs: Type.Optional(Ids),
        Read: Type.Optional(Type.Boolean()),
        Search: Type.Optional(Query),
      }),
    }
    app.put(`${place.prefix}/api/v1/messages`, { schema }, async ({ params, body }, reply) => {
      const where = params
      const { IDs = [], Read = false, Search } = body
      const meant = async () => {
        if (IDs.length > 0) return named(emulator, where, IDs)
        if (Search === undefined) return newest(emulator, where)
        return (await search(emulator, where, Search)).map(({ held }) => held)
      }
      for (const { id } of await meant()) await emulator.mark(where.site, id, { read: Read })
      return reply.type('text/plain').send(OK as never)
    })
  }
}

/** Each message that bears the tag gets others in its place. */
async function replaceTag(
  emulator: Emulator,
  where: Where,
  tag: string,
  others: string[],
): Promise<void> {
  const all = await newest(emulator, where)
  const ids = all.map(({ id }) => id)
  const marks = await emulator.marks(where.site, ids)
  for (const [i, { tags }] of marks.entries()) {
    if (!tags.includes(tag)) continue
    const left = tags.filter((one) => one !== tag)
    await emulator.mark(where.site, ids[i] as string, { tags: [...new Set([...left, ...others])] })
  }
}

const tagging: Resource = (app, { emulator }) => {
  for (const place of PLACES) {
    const path = `${place.prefix}/api/v1/tags`
    app.get(path, { schema: tagsSchema(place) }, async ({ params }, reply) => {
      const { tags } = await countsOf(emulator, params)
      return reply.send(tags as never)
    })
    const set = {
      ...schemaAt(place, 'the tags of these messages', PLAIN),
      body: strict({ IDs: Ids, Tags: Type.Optional(Tags) }),
    }
    app.put(path, { schema: set }, async ({ params, body }, reply) => {
      const where = params
      const { IDs, Tags: tags = [] } = body
      for (const { id } of await named(emulator, where, IDs)) {
        await emulator.mark(where.site, id, { tags: [...new Set(tags)] })
      }
      return reply.type('text/plain').send(OK as never)
    })
    const one = { ...PLAIN, params: { tag: Tag } }
    const renamed = { ...schemaAt(place, 'a tag is renamed', one), body: strict({ Name: Tag }) }
    app.put(`${path}/:tag`, { schema: renamed }, async ({ params, body }, reply) => {
      const where = params
      await replaceTag(emulator, where, where.tag, [body.Name])
      return reply.type('text/plain').send(OK as never)
    })
    const dropped = schemaAt(place, 'a tag is taken away', one)
    app.delete(`${path}/:tag`, { schema: dropped }, async ({ params }, reply) => {
      const where = params
      await replaceTag(emulator, where, where.tag, [])
      return reply.type('text/plain').send(OK as never)
    })
  }
}

const tagsSchema = (place: (typeof PLACES)[number]) => {
  const { response, ...schema } = schemaAt(place, 'the tags of the newest messages')
  return { ...schema, response: { ...response, 200: Type.Array(Type.String()) } }
}

export const changing: Resource[] = [removal, readStatus, tagging]
