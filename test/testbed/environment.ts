// The only place of the testbed that reads the environment or knows where things are outside this repository.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { TestbedError } from './command.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')

/** What starts agents and the controller. */
export const PRODUCT_MAIN = path.join(ROOT, 'cli/main.ts')

/** The same in a container image. */
export const IMAGE_PROGRAM = ['/opt/ovsdb-ha/bin/node', '/opt/ovsdb-ha/cli/main.ts'] as const

/** The image's root file system, as `deploy/image/build.sh --output` leaves it. */
export function imageRoot (role: 'agent' | 'controller'): string {
  const root = path.join(process.env.OVSDB_HA_IMAGE ?? '/var/cache/ovsdb-ha/image', `${role}-rootfs`)
  if (!existsSync(path.join(root, IMAGE_PROGRAM[0]))) throw new TestbedError(`no image in ${root}: run deploy/image/build.sh --debootstrap bookworm --output ${path.dirname(root)}`)
  return root
}

/** Program and first arguments of an ovsdb-server of this version. */
export function ovsdbServerProgram (ovs: '3.1' | '3.5'): readonly string[] {
  return ovsProgram(ovs, 'sbin/ovsdb-server')
}

/** The same of any of its programs, named by its place under /usr. */
export function ovsProgram (ovs: '3.1' | '3.5', name: string): readonly string[] {
  if (ovs === '3.1') return [path.join('/usr', name)]
  const tree = process.env.OVSDB_HA_TRIXIE ?? '/var/cache/ovsdb-ha/trixie'
  const loaders = { x64: ['lib64/ld-linux-x86-64.so.2', 'x86_64-linux-gnu'], arm64: ['lib/ld-linux-aarch64.so.1', 'aarch64-linux-gnu'] } as const
  const [loader, triplet] = loaders[process.arch as keyof typeof loaders] ?? loaders.x64
  const program = [path.join(tree, loader), '--library-path', path.join(tree, 'usr/lib', triplet), path.join(tree, 'usr', name)]
  if (!existsSync(program[3] ?? '')) throw new TestbedError(`no ${name} of 3.5 in ${tree}: run deploy/bootstrap.sh --with-trixie`)
  return program
}

/** The neutral write prober: $OVSDB_HA_PROBE, or the tool that is kept beside this repository. */
export function probeProgram (): string {
  const candidates = [process.env.OVSDB_HA_PROBE, path.resolve(ROOT, '../shared/tools/ovsdb-probe.mjs')].filter(file => file !== undefined)
  const found = candidates.find(file => existsSync(file))
  if (found === undefined) throw new TestbedError(`ovsdb-probe.mjs is not at ${candidates.join(' nor at ')}: set OVSDB_HA_PROBE to it`)
  return found
}
