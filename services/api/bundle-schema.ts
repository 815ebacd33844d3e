/**
 * A bundle's schema: what `/sites/:site/bundle` answers, and what is asked of a file that says that
 * it is one.
 */
import { Type } from 'typebox'
import { Audit } from './audit.ts'

const more = { additionalProperties: true }

const Step = Type.Object(
  {
    p: Type.String({ description: 'Position in the journal: `<shard>:<stream id>`.' }),
    i: Type.String({ description: 'The id of the event.' }),
    a: Type.Number({ description: 'Site time.' }),
    t: Type.String({ description: 'The actor that the event was for.' }),
    y: Type.String({ description: 'The type of the event.' }),
    w: Type.String({ description: 'The actor in words.' }),
    c: Type.Array(Type.String(), { description: 'What it changed, in words.' }),
    s: Type.Array(Type.Tuple([Type.String(), Type.String()]), {
      description: 'Each actor that it changed, with the name of its state.',
    }),
    m: Type.Optional(Type.String({ description: 'The message that it concerns.' })),
    e: Type.Optional(
      Type.Object({}, { ...more, description: 'Of an event from outside: what was asked for.' }),
    ),
    f: Type.Optional(Type.Object({}, { ...more, description: 'What fault rules did to it.' })),
    x: Type.Optional(Type.String({ description: 'The traceparent of whoever asked for it.' })),
  },
  { title: 'BundleStep' },
)

const Recipient = Type.Object(
  { number: Type.Integer(), address: Type.String(), original: Type.String() },
  more,
)

const AcceptedMessage = Type.Object(
  {
    header: Type.Object({ id: Type.String(), originator: Type.String() }, more),
    server: Type.String(),
    acceptedAt: Type.Number(),
    recipients: Type.Array(Recipient),
  },
  { title: 'AcceptedMessage' },
)

const Profile = Type.Object(
  {
    name: Type.String(),
    defects: Type.Array(Type.String()),
    whenUnknown: Type.String(),
    openRetries: Type.Number(),
    transferRetries: Type.Number(),
  },
  more,
)

export const BundleFile = Type.Object(
  {
    v: Type.Literal(1, { description: 'The version of the format.' }),
    site: Type.String(),
    domain: Type.String(),
    takenAt: Type.Number({ description: 'Site time.' }),
    machines: Type.String({ description: "A digest of the machines' sources." }),
    versions: Type.Object({
      undeliverable: Type.String(),
      node: Type.String(),
      bullmq: Type.String(),
    }),
    profile: Profile,
    clock: Type.Object({ at: Type.Number(), real: Type.Number(), scale: Type.Number() }),
    topology: Type.Object({
      servers: Type.Array(Type.String()),
      mailboxes: Type.Array(Type.Object({ alias: Type.String(), home: Type.String() }, more), {
        description: 'As the directory has them.',
      }),
    }),
    history: Type.Object({
      madeAt: Type.Number({ description: 'Site time.' }),
      mailboxes: Type.Union([
        Type.Array(Type.Object({ alias: Type.String(), server: Type.String() }, more)),
        Type.Null({ description: 'Not known.' }),
      ]),
      changes: Type.Array(
        Type.Object({ after: Type.Array(Type.String()), what: Type.String() }, more),
        { description: 'Changes of profile, restarts of MTAs: each after which positions.' },
      ),
    }),
    journal: Type.Object({
      shards: Type.Integer({ minimum: 1 }),
      trimmed: Type.Boolean({ description: 'Older steps are not here.' }),
      from: Type.Array(Type.String(), { description: 'Where each shard begins.' }),
      steps: Type.Array(Step),
    }),
    actors: Type.Record(Type.String(), Type.Tuple([Type.Integer(), Type.String()]), {
      description: "Each actor at the journal's end: version and state.",
    }),
    accepted: Type.Object({
      leftOut: Type.Integer({ description: 'Older messages that are not here.' }),
      messages: Type.Array(AcceptedMessage),
    }),
    audit: Audit,
  },
  { title: 'Bundle' },
)
