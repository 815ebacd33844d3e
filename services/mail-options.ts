/**
 * The options of the doors for mail: a part of the one table (options.ts).
 */
import { resolve } from 'node:path'
import { wholeNumber } from './option-values.ts'
import { smartHostIn } from './smart-host/name.ts'

/** A port, or null for `off`. */
const portOrOff = (text: string): number | null =>
  text === 'off' ? null : wholeNumber(0, 65_535)(text)

export const MAIL_OPTIONS = {
  smtpPort: {
    name: 'smtp-port',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_SMTP_PORT',
    default: '1025',
    description: 'the SMTP port; 0 takes any free one, off opens none',
    parse: portOrOff,
  },
  lmtpPort: {
    name: 'lmtp-port',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_LMTP_PORT',
    default: 'off',
    description: 'the LMTP port, in the same way',
    parse: portOrOff,
  },
  pop3Port: {
    name: 'pop3-port',
    value: 'NUMBER',
    env: 'UNDELIVERABLE_POP3_PORT',
    default: '1110',
    description: 'the POP3 port, in the same way',
    parse: portOrOff,
  },
  smtpTls: {
    name: 'smtp-tls',
    value: 'HOW',
    env: 'UNDELIVERABLE_SMTP_TLS',
    default: 'off',
    description: 'STARTTLS, STLS: off, generated, or a PEM file with private key and certificate',
    parse: (text: string) => (['off', 'generated'].includes(text) ? text : resolve(text)),
  },
  smartHost: {
    name: 'smart-host',
    value: 'HOST:PORT',
    env: 'UNDELIVERABLE_SMART_HOST',
    default: 'off',
    description: 'an SMTP server that gets what is for addresses beyond the sites; off: none',
    parse: smartHostIn,
  },
}
