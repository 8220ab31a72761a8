// What deploy/image/build.sh made: the archives as an engine would load them, and the files of each image, looked at and tried.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { lstat, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, test } from 'node:test'
import { execa } from 'execa'
import packageJson from '../../package.json' with { type: 'json' }
import packageLock from '../../package-lock.json' with { type: 'json' }
import { SCHEMA_FILES } from '../../protocol/config-schema.ts'
import { forbiddenFiles, type ImageFile } from '../deploy/image-files.ts'
import { packagesIn, parseSbom } from '../deploy/sbom.ts'
import { imageRoot } from '../testbed/environment.ts'
import { imageCommand } from '../testbed/product.ts'

type Role = 'agent' | 'controller'

const ROLES: readonly Role[] = ['controller', 'agent']
const TIMEOUT_MS = 120_000
const BYTES_MAX: Record<Role, number> = { controller: 150_000_000, agent: 200_000_000 }
const MAIN = ['/opt/ovsdb-ha/bin/node', '/opt/ovsdb-ha/cli/main.ts']
/** Ours, and not of a package of the base. */
const MADE = /^(opt\/|etc\/(passwd|group|nsswitch\.conf)$|usr\/share\/ovsdb-ha\/|var\/lib\/dpkg\/status\.d\/|usr\/share\/doc\/[^/]+\/copyright$)/
/** More would be a compiled program, or too much to search. */
const TEXT_BYTES_MAX = 2_000_000

const runIn = (role: Role, argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const [program = '', ...args] = imageCommand(role, argv)
  return execa(program, args, { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore', env, maxBuffer: 64 * 1024 * 1024 })
}

async function filesOf (role: Role): Promise<readonly ImageFile[]> {
  const root = imageRoot(role)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return await Promise.all(entries.filter(entry => !entry.isSymbolicLink()).map(async entry => {
    const file = path.join(entry.parentPath, entry.name)
    const { mode, size } = await lstat(file)
    const content = entry.isFile() && size <= TEXT_BYTES_MAX ? await readFile(file) : null
    return { path: path.relative(root, file), mode, text: content === null || content.includes(0) ? null : content.toString() }
  }))
}

/** What an engine reads of an archive: the image's configuration, and the names of the files in its layers. */
async function archiveOf (role: Role) {
  const archive = path.join(path.dirname(imageRoot(role)), `${role}.tar.gz`)
  const read = async (name: string) => (await execa('tar', ['-xzOf', archive, name], { timeout: TIMEOUT_MS, encoding: 'buffer', maxBuffer: 512 * 1024 * 1024 })).stdout
  const [image] = JSON.parse(Buffer.from(await read('manifest.json')).toString()) as [{ readonly Config: string, readonly RepoTags: readonly string[], readonly Layers: readonly string[] }]
  const { config } = JSON.parse(Buffer.from(await read(image.Config)).toString()) as { readonly config: Record<string, unknown> }
  const files = new Set<string>()
  for (const layer of image.Layers) {
    const { stdout } = await execa('tar', ['-t'], { input: await read(layer), timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 })
    for (const name of stdout.split('\n')) files.add(name.replace(/^\.?\//, '').replace(/\/$/, ''))
  }
  return { tags: image.RepoTags, config, files, bytes: (await lstat(archive)).size }
}

test('the rules of what may not be in an image see what breaks them, and let pass what is needed', () => {
  const file = (name: string, text: string | null = null, mode = 0o644): ImageFile => ({ path: name, text, mode })
  for (const [bad, what] of [
    [file('opt/ovsdb-ha/.git/HEAD'), 'repository'],
    [file('opt/ovsdb-ha/node_modules/a/.gitattributes'), 'repository'],
    [file('opt/ovsdb-ha/test/run.ts'), 'test'],
    [file('opt/ovsdb-ha/node_modules/a/node_modules/@b/c/test/index.js'), 'test'],
    [file('opt/ovsdb-ha/node_modules/a/lib/a.test.js'), 'test'],
    [file('opt/ovsdb-ha/deploy/install.sh'), 'development'],
    [file('opt/ovsdb-ha/node_modules/typescript/lib/tsc.js'), 'development'],
    [file('opt/ovsdb-ha/node_modules/a/index.d.ts'), 'development'],
    [file('etc/ovsdb-ha/tls/ca.key'), 'secret'],
    [file('root/.npmrc'), 'secret'],
    [file('opt/ovsdb-ha/a.ts', `-----BEGIN EC ${'PRIVATE'} KEY-----\nMHcCAQEEIIGlRHQEXAMPLE0123\n`), 'secret'],
    [file('usr/bin/dash'), 'shell or package manager'],
    [file('usr/bin/mount', null, 0o4755), 'other rights'],
    [file('var/lib/ovsdb-ha', null, 0o777), 'other rights']
  ] as const) assert.deepEqual(forbiddenFiles([bad]), [`${what}: ${bad.path}`])
  for (const good of [file('opt/ovsdb-ha/node_modules/a/lib/spec/index.js'), file('opt/ovsdb-ha/docs/examples/pair.yaml', 'key: /etc/ovsdb-ha/tls/a.key\n'), file('tmp', null, 0o1777), file('usr/sbin/nft', null, 0o755)]) assert.deepEqual(forbiddenFiles([good]), [])
})

for (const role of ROLES) {
  describe(`the image of the ${role}`, () => {
    test('it says who it is, starts the daemon as the user that it needs, and has a health check; the archive holds the files that are tried here', async () => {
      const { tags, config, files, bytes } = await archiveOf(role)
      assert.deepEqual(tags, [`localhost/ovsdb-ha-${role}:${packageJson.version}`])
      const { 'org.opencontainers.image.revision': revision, 'org.opencontainers.image.description': description, ...labels } = config.Labels as Record<string, string>
      assert.deepEqual(Object.entries(labels).filter(([name]) => name.startsWith('org.opencontainers.')), Object.entries({
        'org.opencontainers.image.licenses': packageJson.license,
        'org.opencontainers.image.title': `ovsdb-ha ${role}`,
        'org.opencontainers.image.version': packageJson.version
      }))
      assert.match(revision ?? '', /^([0-9a-f]{40}(-dirty)?|unknown)$/)
      assert.ok((description ?? '').length > 20)
      const { User, Env, Cmd, Entrypoint, StopSignal } = config
      assert.deepEqual({ User, Env: (Env as readonly string[]).toSorted(), Cmd, Entrypoint, StopSignal }, {
        User: role === 'agent' ? '0:0' : '10001:10001',
        Env: ['NODE_ENV=production', 'PATH=/opt/ovsdb-ha/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        Cmd: [role, '--config', '/etc/ovsdb-ha/cluster.yaml'],
        Entrypoint: role === 'agent' ? ['/usr/bin/tini', '--', ...MAIN] : MAIN,
        StopSignal: 'SIGTERM'
      })
      assert.deepEqual(Object.keys(config.Volumes as object).toSorted(), role === 'agent' ? ['/run/ovsdb-ha', '/tmp', '/var/lib/ovsdb-ha'] : ['/var/lib/ovsdb-ha'])
      assert.deepEqual(Object.keys(config.ExposedPorts as object), [role === 'agent' ? '8643/tcp' : '8640/tcp'])
      const { Test, Retries } = config.Healthcheck as { readonly Test: readonly string[], readonly Retries: number }
      assert.deepEqual([Test, Retries], [['CMD', ...MAIN, 'health', role, '--config', '/etc/ovsdb-ha/cluster.yaml'], 3])
      const root = imageRoot(role)
      const there = (await readdir(root, { recursive: true, withFileTypes: true })).map(entry => path.relative(root, path.join(entry.parentPath, entry.name)))
      assert.deepEqual(there.filter(file => !files.has(file)), [])
      assert.deepEqual([...files].filter(file => file !== '' && !there.includes(file)), [])
      const { stdout } = await execa('du', ['-sb', '--apparent-size', root], { timeout: TIMEOUT_MS })
      assert.ok(Number.parseInt(stdout) <= BYTES_MAX[role], stdout)
      assert.ok(bytes <= BYTES_MAX[role] / 2, `compressed ${bytes}`)
    })

    test('it holds no secret, nothing of a repository, no tests, nothing for development, no shell, and no file that others may write', async () => {
      const files = await filesOf(role)
      assert.ok(files.some(file => file.path === 'opt/ovsdb-ha/cli/main.ts' && file.text !== null), 'the files were found and read')
      assert.deepEqual(forbiddenFiles(files), [])
    })

    test('its root may be read-only: only the places of state belong to its user', async () => {
      const { uid } = await lstat(path.join(imageRoot(role), 'var/lib/ovsdb-ha'))
      assert.equal(uid, role === 'agent' ? 0 : 10_001)
      const entries = await readdir(imageRoot(role), { recursive: true, withFileTypes: true })
      const owned = await Promise.all(entries.map(async entry => ({ file: path.relative(imageRoot(role), path.join(entry.parentPath, entry.name)), owner: await lstat(path.join(entry.parentPath, entry.name)) })))
      assert.deepEqual(owned.filter(({ owner }) => owner.uid !== 0).map(({ file }) => file), role === 'agent' ? [] : ['var/lib/ovsdb-ha'])
      const { exitCode, stderr } = await runIn(role, ['/opt/ovsdb-ha/bin/node', '-e', 'require("node:fs").writeFileSync("/opt/ovsdb-ha/x", "")'])
      assert.equal(exitCode, 1)
      assert.match(stderr, /EROFS|EACCES/)
    })

    test('every file of the base is what its Debian package brought, with the package\'s licence', async () => {
      const root = imageRoot(role)
      const packages = (await readdir(`${root}/var/lib/dpkg/status.d`)).filter(name => !name.endsWith('.md5sums'))
      const sums = new Map<string, string>()
      for (const name of packages) {
        await lstat(`${root}/usr/share/doc/${name}/copyright`)
        const listed = await readFile(`${root}/var/lib/dpkg/status.d/${name}.md5sums`, 'utf8')
        for (const [, sum = '', file = ''] of listed.matchAll(/^([0-9a-f]{32}) {2}(.+)$/gm)) sums.set(file, sum)
        const status = await readFile(`${root}/var/lib/dpkg/status.d/${name}`, 'utf8')
        for (const [, file = '', sum = ''] of status.matchAll(/^ \/(\S+) ([0-9a-f]{32})$/gm)) sums.set(file, sum) // files of configuration
      }
      const entries = (await readdir(root, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
      const found = entries.map(entry => path.relative(root, path.join(entry.parentPath, entry.name))).filter(file => !MADE.test(file))
      assert.ok(found.length >= 8, found.join(' '))
      for (const file of found) {
        const sum = createHash('md5').update(await readFile(path.join(root, file))).digest('hex')
        assert.equal(sum, sums.get(file) ?? sums.get(file.replace(/^usr\//, '')), file)
      }
    })

    test('its bill of materials names Node.js, every npm package of the lock file that runs, and every Debian package that is in it', async () => {
      const root = imageRoot(role)
      const text = await readFile(`${root}/usr/share/ovsdb-ha/sbom.cdx.json`, 'utf8')
      assert.equal(await readFile(path.join(path.dirname(root), `${role}.cdx.json`), 'utf8'), text)
      const sbom = parseSbom(text)
      assert.deepEqual(sbom.metadata.component, { type: 'container', 'bom-ref': `ovsdb-ha-${role}`, name: `ovsdb-ha-${role}`, version: packageJson.version })
      const { stdout } = await runIn(role, ['/opt/ovsdb-ha/bin/node', '--version'])
      assert.deepEqual(packagesIn(sbom, 'generic'), [stdout.replace('v', 'node@')])
      const locked = Object.entries(packageLock.packages as Record<string, { readonly version?: string, readonly dev?: boolean }>)
        .filter(([place, { dev = false }]) => place !== '' && !dev).map(([place, { version }]) => `${place.replace(/^.*node_modules\//, '')}@${version}`)
      assert.deepEqual(packagesIn(sbom, 'npm'), [...new Set(locked)].toSorted())
      const debian = (await readdir(`${root}/var/lib/dpkg/status.d`)).filter(name => !name.endsWith('.md5sums')).toSorted()
      assert.deepEqual(packagesIn(sbom, 'deb').map(name => name.replace(/@.*/, '')).toSorted(), debian)
      const needed = role === 'agent' ? ['iproute2', 'iputils-arping', 'libndp-tools', 'libssl3', 'ndisc6', 'nftables', 'openvswitch-common', 'openvswitch-switch', 'openvswitch-vtep', 'ovn-central', 'ovn-ic-db', 'tini'] : []
      assert.deepEqual([...needed, 'libc6', 'libgcc-s1', 'libstdc++6'].filter(name => !debian.includes(name)), [])
      if (role === 'controller') assert.deepEqual(debian, ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6'], 'a controller needs nothing beside Node.js')
    })

    test('all of its program loads, and the packages that it needs with it', async () => {
      const script = 'const { globSync } = await import("node:fs"); const files = globSync("/opt/ovsdb-ha/{agent,controller,protocol,cli}/**/*.ts").filter(file => file !== "/opt/ovsdb-ha/cli/main.ts"); for (const file of files) if (!/thread|worker/.test(file)) await import(file); console.log(files.length); process.exit(0)'
      const { exitCode, stdout, stderr } = await runIn(role, ['/opt/ovsdb-ha/bin/node', '--input-type=module', '-e', script])
      assert.equal(exitCode, 0, stderr)
      assert.ok(Number(stdout) > 300, stdout)
    })

    test('the command works by its name; the daemon finds all of its own files compiled ahead', async () => {
      const version = await runIn(role, ['/opt/ovsdb-ha/bin/ovsdb-ha', '--version'])
      assert.equal(version.stdout, packageJson.version, version.stderr)
      const daemon = role === 'agent' ? ['agent', '--node', 'a'] : ['controller']
      const { exitCode, stderr } = await runIn(role, [...MAIN, ...daemon, '--config', '/absent'], { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' })
      assert.equal(exitCode, 2)
      const lookedFor = stderr.split('\n').filter(line => line.includes('reading cache from'))
      assert.ok(lookedFor.length > 300, `${lookedFor.length} files`)
      assert.ok(lookedFor.some(line => line.includes('/cli/program.ts')), 'nothing is loaded before the cache is there')
      assert.deepEqual(lookedFor.filter(line => !/\.\.\. success, size=\d+$/.test(line)).slice(0, 3), [])
    })
  })
}

test('the agent\'s image holds the schema of every database that needs no `schema`, and the programs find their libraries', async () => {
  for (const file of Object.values(SCHEMA_FILES)) await lstat(path.join(imageRoot('agent'), file))
  for (const argv of [['ip', '-V'], ['nft', '--version'], ['arping', '-V'], ['ndptool', '--help'], ['ndisc6', '--version'], ['ovsdb-server', '--version'], ['ovsdb-tool', '--version'], ['ovsdb-client', '--version'], ['tini', '--version']]) {
    const { exitCode, stderr } = await runIn('agent', argv, { PATH: '/opt/ovsdb-ha/bin:/usr/sbin:/usr/bin:/sbin:/bin' })
    assert.equal(exitCode, 0, `${argv.join(' ')}: ${stderr}`)
  }
})
