/**
 * The certificate for STARTTLS: the user's, from a PEM file with key and certificate, or one that
 * is made at the start, signed by itself and forgotten at the end.
 */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { EXIT, StartError } from '../setup/start-error.mjs'

export interface Certificate {
  key: string
  cert: string
}

/** Nobody keeps a test system up for longer; some clients refuse more than 398 days. */
const VALID_DAYS = 365
const DAY_MS = 86_400_000

/** `host` is what clients connect to; they check the name. */
export async function madeCertificate(host: string, now: number): Promise<Certificate> {
  // Loaded only here: it takes longer to load than the rest of the doors together.
  const { generate } = await import('selfsigned')
  const names = [...new Set(['localhost', host])]
  const altNames = [
    ...names.map((value) => ({ type: 2 as const, value })),
    { type: 7 as const, ip: '127.0.0.1' },
    { type: 7 as const, ip: '::1' },
  ]
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + VALID_DAYS * DAY_MS),
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  return { key: made.private, cert: made.cert }
}

/** Throws a `StartError` when the file cannot be read or is no such file. */
export function readCertificate(path: string): Certificate {
  try {
    const pem = readFileSync(path, 'utf8')
    createSecureContext({ key: pem, cert: pem })
    return { key: pem, cert: pem }
  } catch (error) {
    const why = (error as Error).message
    throw new StartError(
      `${path} is no PEM file with a private key and a certificate: ${why}`,
      EXIT.usage,
    )
  }
}
