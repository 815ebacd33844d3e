/**
 * Every event of a machine in every variant that it could tell apart, as data. The type asks for
 * each event type of the protocol and each of its fields, so a type that is added there is missing
 * here until it is written down.
 */
import type { EventOf, Kind } from '../../machines/protocol.ts'
import type { Variant } from './walk.ts'

type FieldsOf<E, T> = E extends { type: infer U } ? (T extends U ? Omit<E, 'type'> : never) : never

/**
 * Values of a field by their words; a value may depend on the situation (an attempt: the current
 * one).
 */
type Options<Value, Context, Witness> = Record<
  string,
  Value | ((context: Context, witness: Witness) => Value)
>

export type Catalogue<K extends Kind, Context = unknown, Witness = unknown> = {
  [T in EventOf<K>['type']]: {
    [F in keyof FieldsOf<EventOf<K>, T>]-?: Options<FieldsOf<EventOf<K>, T>[F], Context, Witness>
  }
}

export const NO_FIELDS = {}
export const ORDERED = {
  'not ordered': undefined,
  'ordered to defer': { defer: true },
  'ordered to refuse': { refuse: { reason: 1, diagnostic: 4 } },
} as const
export const yesNo = <N extends string>(name: N) =>
  ({ [name]: true, [`not ${name}`]: false }) as Record<N | `not ${N}`, boolean>

/** All variants of all events, in this situation. */
export function variantsIn<K extends Kind, Context, Witness>(
  catalogue: Catalogue<K, Context, Witness>,
  context: object,
  witness: Witness,
): Variant[] {
  const events = Object.entries(catalogue) as [string, Record<string, Record<string, unknown>>][]
  return events.flatMap(([type, fields]) => {
    let variants: Variant[] = [{ event: { type }, labels: {} }]
    for (const [field, options] of Object.entries(fields)) {
      variants = variants.flatMap(({ event, labels }) =>
        Object.entries(options).map(([label, option]) => ({
          event: {
            ...event,
            [field]: typeof option === 'function' ? option(context, witness) : option,
          },
          labels: { ...labels, [field]: label },
        })),
      )
    }
    return variants
  })
}
