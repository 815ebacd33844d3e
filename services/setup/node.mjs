/**
 * Is this Node new enough? Read before anything else, so it must also parse on a Node that is not:
 * no imports, and no syntax that is younger than modules themselves.
 */

/**
 * The same as `engines.node` in package.json; below it, dependencies fail in words nobody
 * understands.
 */
export const REQUIRED_NODE = '20.20.2'

/**
 * @param {string} found a version as in `process.versions.node`
 * @param {string} [required]
 * @returns {string | null} what to tell the user, or null when all is well
 */
export function nodeProblem(found, required = REQUIRED_NODE) {
  const have = found.split('.').map(Number)
  const need = required.split('.').map(Number)
  for (let part = 0; part < 3; part++) {
    const difference = (have[part] || 0) - (need[part] || 0)
    if (difference > 0) return null
    if (difference < 0) {
      return (
        'Undeliverable needs Node ' +
        required +
        ' or newer, and this is Node ' +
        found +
        '.\n' +
        'Install a newer one (https://nodejs.org, or your version manager), then run this again.'
      )
    }
  }
  return null
}
