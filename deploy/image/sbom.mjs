// The image's bill of materials (CycloneDX 1.5, JSON): Node.js, the npm packages that lie in the program's tree, the Debian packages that
// rootfs.sh noted. It is made from what is there, and not from what was asked for.
//
//   node sbom.mjs ROLE ROOT       ROOT is the image's root file system; run by the Node.js that is in it
import { readdir, readFile, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'

const [role, root] = process.argv.slice(2)
const program = path.join(root, 'opt/ovsdb-ha')
const json = async file => JSON.parse(await readFile(file, 'utf8'))

/** Every package.json that stands for a package: right below a node_modules, with a name and a version. */
async function npmComponents () {
  const entries = await readdir(path.join(program, 'node_modules'), { recursive: true, withFileTypes: true })
  const manifests = entries.filter(entry => entry.isFile() && entry.name === 'package.json')
    .map(entry => path.join(entry.parentPath, entry.name))
    .filter(file => /(^|\/)node_modules\/(@[^/]+\/)?[^/@.][^/]*\/package\.json$/.test(file))
  const found = await Promise.all(manifests.map(json))
  return found.filter(({ name, version }) => name !== undefined && version !== undefined).map(({ name, version, license }) => ({
    type: 'library',
    name,
    version,
    ...(typeof license === 'string' ? { licenses: [licenseChoice(license)] } : {}),
    purl: `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`
  }))
}

/** An identifier, an expression of several, or else words. */
function licenseChoice (license) {
  if (/^[A-Za-z0-9.-]+$/.test(license) && license !== 'UNLICENSED') return { license: { id: license } }
  return / (OR|AND|WITH) /.test(license) ? { expression: license } : { license: { name: license } }
}

/** One file for each package, as `dpkg-query -s` tells it; beside it the sums of its files. */
async function debianComponents () {
  const directory = path.join(root, 'var/lib/dpkg/status.d')
  const release = await readFile(path.join(root, 'usr/lib/os-release'), 'utf8')
  const [distribution, number] = ['ID', 'VERSION_ID'].map(key => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(release)?.[1] ?? 'unknown')
  const texts = await Promise.all((await readdir(directory)).filter(name => !name.endsWith('.md5sums')).map(name => readFile(path.join(directory, name), 'utf8')))
  return texts.map(text => {
    const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map(key => new RegExp(`^${key}: (.+)$`, 'm').exec(text)?.[1])
    if (name === undefined || version === undefined) throw new Error(`no package is described by: ${text.slice(0, 200)}`)
    return { type: 'library', name, version, purl: `pkg:deb/${distribution}/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=${distribution}-${number}` }
  })
}

const node = process.versions.node
const nodeComponent = { type: 'application', name: 'node', version: node, licenses: [{ license: { id: 'MIT' } }], cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`, purl: `pkg:generic/node@${node}` }
const [npm, debian] = await Promise.all([npmComponents(), debianComponents()])
if (npm.length === 0 || debian.length === 0) throw new Error(`${npm.length} npm and ${debian.length} Debian packages: one of them was not found`)
const components = [...new Map([nodeComponent, ...npm, ...debian].map(one => [one.purl, { 'bom-ref': one.purl, ...one }])).values()]
  .toSorted((a, b) => a.purl < b.purl ? -1 : 1)
const { name, version } = await json(path.join(program, 'package.json'))
await mkdir(path.join(root, 'usr/share/ovsdb-ha'), { recursive: true })
await writeFile(path.join(root, 'usr/share/ovsdb-ha/sbom.cdx.json'), JSON.stringify({
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { component: { type: 'container', 'bom-ref': `${name}-${role}`, name: `${name}-${role}`, version } },
  components
}, null, 1) + '\n')
