/** What `npm run -s token` says of itself. */
import { SCOPES } from '../tokens.ts'

export const USAGE = `usage: npm run -s token -- NAME [options]

Makes a bearer token and prints its line, \`NAME SCOPES SECRET\`, for the file that the service
reads (npm start -- --tokens FILE).

  NAME              who it is for
  --scopes LIST     some of ${SCOPES.join(', ')}, with commas between them
                    default: ${SCOPES.join(',')}
  --file FILE       add the line to this file instead, made readable for its owner only
  --keep            with --file: a token of that name that is there already is kept
  --json            one JSON object; its secret is left out when it went into a file
  --help            this text
`
