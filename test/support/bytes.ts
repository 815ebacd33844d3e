/** Bytes as a test writes them down: each character is one. */
export const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')
