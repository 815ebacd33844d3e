/**
 * Writes an answer by the schema of its route: what the schema does not name is left out.
 *
 * Rule: a serializer is made when the first answer of its kind is written. There is one for each
 * status of each route, and to make them all takes longer than everything else that has to be done
 * before the service listens.
 */
import { createRequire } from 'node:module'
import type { SerializerFactory } from '@fastify/fast-json-stringify-compiler'

const require = createRequire(import.meta.url)

/** For Fastify, whose own compiler it is. */
export const buildSerializer: SerializerFactory = (schemas, options) => {
  let compile: ReturnType<SerializerFactory> | undefined
  return (route) => {
    let serialize: ReturnType<ReturnType<SerializerFactory>> | undefined
    return (answer) => {
      compile ??= compilerOf()(schemas, options)
      serialize ??= compile(route)
      return serialize(answer)
    }
  }
}

/** It brings a validator of JSON Schema of its own along, so it is loaded when it is needed. */
function compilerOf(): SerializerFactory {
  const { SerializerSelector } = require('@fastify/fast-json-stringify-compiler')
  return SerializerSelector()
}
