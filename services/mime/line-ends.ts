/**
 * What no message may hold on its way by SMTP: NUL, and a CR or LF alone (RFC 5321 §2.3.8,
 * §4.1.1.4).
 *
 * A server that takes a lone LF for the end of a line, before one that does not, can be made to see
 * a second message within the first ("smuggling"). So a lone one is refused, wherever it stands.
 */
const CR = 0x0d
const LF = 0x0a

/** Looks at a message piece by piece; the first thing that is wrong with it, in words. */
export interface LineEnds {
  look(piece: Buffer): string | undefined
  /** When nothing follows any more. */
  end(): string | undefined
}

export function lineEnds(): LineEnds {
  let afterCr = false
  return {
    look(piece) {
      if (piece.length === 0) return undefined
      if (piece.includes(0)) return 'it holds NUL'
      if (afterCr && piece[0] !== LF) return 'it holds a CR without LF'
      if (!afterCr && piece[0] === LF) return 'it holds an LF without CR'
      for (let at = piece.indexOf(LF, 1); at > 0; at = piece.indexOf(LF, at + 1)) {
        if (piece[at - 1] !== CR) return 'it holds an LF without CR'
      }
      for (let at = piece.indexOf(CR); at >= 0; at = piece.indexOf(CR, at + 1)) {
        if (at + 1 < piece.length && piece[at + 1] !== LF) return 'it holds a CR without LF'
      }
      afterCr = piece[piece.length - 1] === CR
      return undefined
    },
    end: () => (afterCr ? 'it ends with a CR without LF' : undefined),
  }
}
