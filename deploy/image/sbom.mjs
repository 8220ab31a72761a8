// The image's bill of materials (CycloneDX 1.5, JSON): Node.js, the npm packages that lie in the tree, the Debian packages whose files do.
// It is made from what is there, and not from what was asked for.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

const [role, tree, directory] = process.argv.slice(2)
const json = async file => JSON.parse(await readFile(file, 'utf8'))

/** Every package.json that stands for a package: below a node_modules, with a name and a version. */
async function npmPackages (modules) {
  const entries = await readdir(modules, { recursive: true, withFileTypes: true })
  const manifests = entries.filter(entry => entry.isFile() && entry.name === 'package.json')
    .map(entry => path.join(entry.parentPath, entry.name))
    .filter(file => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file))
  const found = await Promise.all(manifests.map(json))
  return found.filter(({ name, version }) => name !== undefined && version !== undefined)
}

const npm = (await npmPackages(path.join(tree, 'node_modules'))).map(({ name, version, license }) => ({
  type: 'library',
  name,
  version,
  ...(typeof license === 'string' ? { licenses: [/[ (]/.test(license) ? { expression: license } : { license: { id: license } }] } : {}),
  purl: `pkg:npm/${name.replace('@', '%40')}@${version}`
}))
const debian = (await readFile(path.join(directory, 'packages.tsv'), 'utf8')).split('\n').filter(line => line !== '').map(line => {
  const [name, version, architecture] = line.split('\t')
  return { type: 'library', name, version, purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}` }
})
const node = process.versions.node
const { name, version } = await json(path.join(tree, 'package.json'))
const components = [...new Map([{ type: 'application', name: 'node', version: node, purl: `pkg:generic/node@${node}` }, ...npm, ...debian].map(one => [one.purl, one])).values()]
  .toSorted((a, b) => a.purl < b.purl ? -1 : 1)
if (npm.length === 0 || debian.length === 0) throw new Error(`${npm.length} npm and ${debian.length} Debian packages: one of them was not found`)
await writeFile(path.join(directory, 'sbom.cdx.json'), JSON.stringify({
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { component: { type: 'container', name: `${name}-${role}`, version } },
  components
}, null, 1) + '\n')
