// `companions` of a cluster and `connections` of a server, as cluster.yaml writes them.
import { Type } from 'typebox'
import { AbsolutePath, Duration, Name } from './config-fields.ts'

const closed = { additionalProperties: false } as const
const MINUTE_MS = 60_000

export const COMPANION_DEFAULTS = { startTimeout: '2s', stopTimeout: '500ms', checkEvery: '1s', checkTimeout: '1s', restarts: 5, restartWindow: '10m' } as const

const Argument = Type.String({ minLength: 1, maxLength: 4_095 })
const Command = (description: string) => Type.Array(Argument, { minItems: 1, maxItems: 64, description })

export const CompanionSchema = Type.Object({
  name: Name('The companion in status and file names, such as northd.'),
  command: Type.Optional(Command('The program and its arguments, which must stay in the foreground (no --detach). {socket:NAME} becomes the local socket of the server NAME.')),
  unit: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9:_.\\\\@-]{1,240}\\.service$', patternErrorMessage: 'the name of a systemd service, such as ovn-northd.service', description: 'Instead of command: a systemd service, which must not be enabled by itself.' })),
  check: Type.Optional(Command('A program and its arguments that exits with 0 while the companion is well. Without it, a companion is well as long as it runs.')),
  required: Type.Optional(Type.Boolean({ default: false, description: 'true: it is started before clients are let in, and a promotion in which it does not start is undone. false: it is started after, and reported when it does not start.' })),
  startTimeout: Type.Optional(Duration(100, 5 * MINUTE_MS, COMPANION_DEFAULTS.startTimeout, 'A companion that is not well after so long has failed to start.')),
  stopTimeout: Type.Optional(Duration(50, 5 * MINUTE_MS, COMPANION_DEFAULTS.stopTimeout, 'A companion that has not ended so long after it was told to is killed.')),
  checkEvery: Type.Optional(Duration(100, 10 * MINUTE_MS, COMPANION_DEFAULTS.checkEvery, 'Pause between two looks at it.')),
  checkTimeout: Type.Optional(Duration(50, MINUTE_MS, COMPANION_DEFAULTS.checkTimeout, 'A check that takes longer counts as failed; after three in a row the companion is restarted.')),
  restarts: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000, default: COMPANION_DEFAULTS.restarts, description: 'At most so many restarts within restartWindow; then the next one waits until the oldest is past.' })),
  restartWindow: Type.Optional(Duration(1_000, 24 * 60 * MINUTE_MS, COMPANION_DEFAULTS.restartWindow, 'See restarts.')),
  logFile: Type.Optional(AbsolutePath({ description: 'With command: where its output goes; /var/log/ovsdb-ha/<cluster>-<name>.log when absent.' }))
}, { ...closed, description: 'A service that runs only where the active is, such as ovn-northd: command, or unit.' })

const Texts = (description: string) => Type.Record(Type.String({ pattern: '^[^\\u0000]{1,255}$' }), Type.String({ maxLength: 4_095, patternErrorMessage: 'a text (in quotes where YAML would read a number)' }), { ...closed, maxProperties: 64, description })

export const ConnectionSchema = Type.Object({
  target: Type.String({ pattern: '^(p?(tcp|ssl):[^\\s,]{1,250}|p?unix:/[^\\s,]{1,107})$', patternErrorMessage: 'a target as OVSDB writes it, such as ptcp:6641:10.0.0.100 or pssl:6641:[fd00::100]', description: 'Where the server listens, or whom it dials.' }),
  inactivityProbe: Type.Optional(Duration(0, 60 * MINUTE_MS, '5s', 'A peer that says nothing for so long is probed, and dropped when it does not answer; 0s: never. The column stays empty when absent, which means OVSDB\'s default.')),
  maxBackoff: Type.Optional(Duration(1_000, 60 * MINUTE_MS, '8s', 'Longest pause between two attempts to dial. The column stays empty when absent.')),
  readOnly: Type.Optional(Type.Boolean({ default: false, description: 'Whoever connects may only read (OVN_Southbound).' })),
  role: Type.Optional(Type.String({ maxLength: 64, default: '', description: 'The role of whoever connects, such as ovn-controller (OVN_Southbound).' })),
  externalIds: Type.Optional(Texts('external_ids of the row.')),
  otherConfig: Type.Optional(Texts('other_config of the row.'))
}, { ...closed, description: 'One row of the table Connection (Manager in hardware_vtep and Open_vSwitch). What is not written is empty in the row too.' })
