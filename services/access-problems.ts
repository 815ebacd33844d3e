/**
 * The part of the table of codes (errors.ts) that is about who may ask, how much, and how: for
 * these a request is refused before anybody looks at what it is about.
 */

export const ACCESS_PROBLEMS = {
  'token-needed': {
    status: 401,
    title: 'A token is needed',
    description:
      'The request has no token that this service knows. Send `Authorization: Bearer …`; with a ' +
      'browser, sign in at `/login`.',
  },
  'scope-needed': {
    status: 403,
    title: 'The token does not allow this',
    description: 'The token is known, and lacks the scope that this call needs: `scope` names it.',
  },
  'cross-site': {
    status: 403,
    title: 'The request comes from another site',
    description:
      'A page of another origin had the browser send it. Pages of other origins may change ' +
      'nothing here.',
  },
  misdirected: {
    status: 421,
    title: 'That is not the name of this service',
    description:
      'Without tokens the service answers to names of loopback only: `localhost`, `127.0.0.1`, ' +
      '`[::1]`. To reach it by another name, give it tokens.',
  },
  'upgrade-needed': {
    status: 426,
    title: 'That is a websocket',
    description: 'The request does not ask for one. A client of websockets does (RFC 6455).',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    description: 'This client asks more often than it may. `Retry-After` says when to go on.',
  },
  'too-many-streams': {
    status: 503,
    title: 'Too many event streams are open',
    description: 'The service keeps no more of them open at a time. Close one, or try again later.',
  },
  'too-many-waits': {
    status: 503,
    title: 'Too many requests wait',
    description:
      'So many long polls are open that no more are taken. Ask without waiting, or later.',
  },
  'too-many-sites': {
    status: 409,
    title: 'Too many sites',
    description: 'The service has as many sites, or queues of sites, as it takes. Delete one.',
  },
  'too-many-faults': {
    status: 409,
    title: 'Too many fault rules',
    description: 'The site has as many fault rules as it takes. Delete one.',
  },
  'json-too-deep': {
    status: 400,
    title: 'The body is nested too deeply',
    description:
      'Its arrays and objects lie deeper in one another than any body that means something.',
  },
  'malformed-request': {
    status: 400,
    title: 'That is not HTTP',
    description: 'The request line, a header or the framing of the body is not that of RFC 9112.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    description: 'The request line and the headers together have at most 16 KiB.',
  },
  'request-too-slow': {
    status: 408,
    title: 'The request did not arrive in time',
    description: 'Its headers, or its body, came too slowly. The connection is closed.',
  },
} as const
