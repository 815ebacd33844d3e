/**
 * A file of YAML, or JSON, which is YAML too: read as a whole, with the line and the column of each
 * of its members, so that whatever is wrong can be said where it is.
 */
import { readFile, stat } from 'node:fs/promises'
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { DataError } from '../data-error.ts'

/** What a person writes is far smaller; the directory of ten thousand mailboxes is some 2 MB. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024

export interface YamlFile {
  data: unknown
  /** `line 3, column 5`, of the key at the end of the path, or of the item of a list. */
  at(path: readonly (string | number)[]): string
}

/** Throws a `DataError` where there is no such file, or where it is too large to be one. */
export async function checkSize(file: string): Promise<void> {
  const found = await stat(file).catch(({ code, message }: NodeJS.ErrnoException) => {
    const why = code === 'ENOENT' ? 'there is no such file' : message
    throw new DataError(file, [`cannot be read: ${why}`])
  })
  if (!found.isFile()) throw new DataError(file, ['is no file'])
  if (found.size > FILE_BYTES_MAX) {
    throw new DataError(file, [`is larger than ${FILE_BYTES_MAX / 1024 / 1024} MB`])
  }
}

/** Throws a `DataError` where it cannot be read. */
export async function textOf(file: string): Promise<string> {
  await checkSize(file)
  return readFile(file, 'utf8')
}

export async function readYaml(file: string): Promise<YamlFile> {
  return yamlIn(await textOf(file), file)
}

/** Throws a `DataError` that has every error of its syntax, with line and column. */
export function yamlIn(text: string, file: string): YamlFile {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const placed = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset)
    return `line ${line}, column ${col}`
  }
  if (document.errors.length > 0) {
    const reasons = document.errors.map(({ pos, message }) => `${placed(pos[0])}: ${message}`)
    throw new DataError(file, reasons)
  }
  return {
    data: inWords(file, () => document.toJS()),
    at: (path) => placed(offsetOf(document.contents, path)),
  }
}

/** An alias without its anchor, or one that grows without end, is only found out here. */
function inWords<T>(file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new DataError(file, [(error as Error).message])
  }
}

/** Of the innermost place on the path that the file has. */
function offsetOf(contents: Node | null, path: readonly (string | number)[]): number {
  let node: unknown = contents
  let offset = contents?.range?.[0] ?? 0
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === `${step}`)
      if (!isPair(pair)) return offset
      offset = (pair.key as Node).range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      offset = (node as Node | undefined)?.range?.[0] ?? offset
    } else return offset
  }
  return offset
}
