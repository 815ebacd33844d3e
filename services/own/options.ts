/** The options of the service about files of the user's own. */
import { resolve } from 'node:path'

/** Names of files, with commas between them in the environment. */
const files = (text: string): string[] =>
  text.split(',').flatMap((file) => (file.trim() === '' ? [] : [resolve(file.trim())]))

export const OWN_OPTIONS = {
  defects: {
    name: 'defect',
    value: 'FILE',
    env: 'UNDELIVERABLE_DEFECT',
    defaultText: 'none; may be repeated',
    description: 'a module with a defect of your own, which profiles may then switch on',
    parse: files,
  },
  profiles: {
    name: 'profile',
    value: 'FILE',
    env: 'UNDELIVERABLE_PROFILE',
    defaultText: 'none; may be repeated',
    description: 'a profile of your own, which sites may then have',
    parse: files,
  },
}
