// helm/ovsdb-ha/values.schema.json: what Helm checks of values before it renders anything. Nodes and clusters are those of
// cluster.yaml, from the same source as the daemons' own check.
import { Type, type TSchema } from 'typebox'
import { configJsonSchema } from '../../protocol/config-schema.ts'
import { NAME_PATTERN } from '../../protocol/config-fields.ts'

const closed = { additionalProperties: false } as const

const Port = Type.Integer({ minimum: 1, maximum: 65_535 })
const Seconds = Type.Integer({ minimum: 0, maximum: 86_400 })
const Positive = Type.Integer({ minimum: 1, maximum: 86_400 })
const Path = Type.String({ pattern: '^/' })
const PathOrNone = Type.String({ pattern: '^(/|$)' })
/** The name of an object in Kubernetes. */
const OBJECT_NAME = '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$'
const ObjectName = Type.String({ pattern: OBJECT_NAME })
const ObjectNameOrNone = Type.String({ pattern: '^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$' })
const OwnName = Type.String({ pattern: NAME_PATTERN })
const Text = Type.String()
const Texts = Type.Record(Type.String(), Type.String())
const Quantity = Type.String({ pattern: '^[0-9.]+([EPTGMk]i?|m)?$' })
/** What Kubernetes itself checks. */
const Objects = Type.Array(Type.Object({}))
const PullPolicy = Type.Enum(['Always', 'IfNotPresent', 'Never'])
const Image = object({ repository: Type.String({ minLength: 1 }), tag: Text, pullPolicy: PullPolicy })
const Amounts = Type.Record(Type.String(), Type.Union([Quantity, Type.Number()]))
const Resources = Type.Object({ requests: Type.Optional(Amounts), limits: Type.Optional(Amounts) }, closed)
const Count = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[0-9]{1,3}%$' })])

function object (properties: Record<string, TSchema>): TSchema {
  return Type.Object(properties, closed)
}

const AgentValues = object({
  enabled: Type.Boolean(),
  image: Image,
  port: Port,
  stateDirectory: Path,
  runDirectory: Path,
  logDirectory: Path,
  hostPID: Type.Boolean(),
  handOver: object({ enabled: Type.Boolean(), deadlineSeconds: Positive, token: OwnName }),
  terminationGracePeriodSeconds: Positive,
  updateStrategy: Type.Enum(['RollingUpdate', 'OnDelete']),
  minReadySeconds: Seconds,
  priorityClassName: Text,
  tolerations: Objects,
  nodeSelector: Texts,
  resources: Resources,
  extraCapabilities: Type.Array(Type.String({ pattern: '^[A-Z_]+$' })),
  seLinuxType: Type.String({ pattern: '^([a-z][a-z0-9_]*)?$' }),
  podAnnotations: Texts,
  extraEnv: Objects,
  extraVolumes: Objects,
  extraVolumeMounts: Objects,
  sidecar: object({ enabled: Type.Boolean(), runVolume: ObjectName, runMountPath: Path, dataVolume: ObjectName, dataMountPath: Path })
})

const ControllerValues = object({
  enabled: Type.Boolean(),
  replicas: Type.Integer({ minimum: 1, maximum: 9 }),
  name: Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$' }),
  outside: Type.Array(OwnName, { maxItems: 17 }),
  image: Image,
  port: Port,
  listen: Type.String({ minLength: 2 }),
  recoveriesAtOnce: Type.Integer({ minimum: 1, maximum: 256 }),
  tokens: Type.Array(object({ name: OwnName, role: Type.Enum(['viewer', 'operator', 'admin']) }), { minItems: 1, maxItems: 64 }),
  tokensSecret: ObjectNameOrNone,
  service: object({ type: Type.Enum(['ClusterIP', 'NodePort', 'LoadBalancer']), annotations: Texts }),
  podDisruptionBudget: object({ maxUnavailable: Count }),
  spreadOver: Type.Array(Type.String({ minLength: 1 })),
  priorityClassName: Text,
  tolerations: Objects,
  nodeSelector: Texts,
  resources: Resources,
  podAnnotations: Texts,
  extraEnv: Objects,
  extraVolumes: Objects,
  extraVolumeMounts: Objects
})

const StoreValues = object({
  type: Type.Enum(['embedded', 'redis']),
  embedded: object({ persistence: Type.Boolean(), size: Quantity, storageClassName: ObjectNameOrNone }),
  redis: object({
    urls: Type.Array(Type.String({ pattern: '^(redis|rediss)://[^/@?#\\s]+$|^sentinel://[^/@?#\\s]+/[A-Za-z0-9._-]+$' }), { maxItems: 9 }),
    username: Text,
    existingSecret: ObjectNameOrNone,
    keyPrefix: Type.String({ pattern: '^[A-Za-z0-9:_.-]{1,64}$' }),
    tlsSecret: ObjectNameOrNone,
    bundled: object({ enabled: Type.Boolean(), image: Type.String({ minLength: 1 }), pullPolicy: PullPolicy, size: Quantity, storageClassName: ObjectNameOrNone, resources: Resources })
  })
})

const TlsValues = object({
  source: Type.Enum(['certManager', 'secrets', 'insecure']),
  secretName: Type.String({ minLength: 1 }),
  agentHostPath: PathOrNone,
  certManager: object({ issuerRef: object({ group: Text, kind: Text, name: Text }), duration: Type.String({ pattern: '^[0-9]+(h|m|s)$' }), renewBefore: Type.String({ pattern: '^[0-9]+(h|m|s)$' }) })
})

const MonitoringValues = object({
  serviceMonitor: Type.Boolean(),
  podMonitor: Type.Boolean(),
  clientSecret: ObjectNameOrNone,
  interval: Type.String({ pattern: '^[0-9]+(ms|s|m)$' }),
  labels: Texts,
  rules: Type.Boolean(),
  dashboards: Type.Boolean(),
  dashboardLabels: Texts
})

/** JSON Schema (draft 2020-12) of the chart's values. */
export function valuesJsonSchema (): Record<string, unknown> {
  const { properties: { nodes, clusters } } = portable(configJsonSchema()) as ConfigSchema
  const properties = {
    ...nodes.items.properties,
    kubernetesNode: { type: 'string', pattern: OBJECT_NAME, description: 'The Kubernetes node\'s name, where it is another one.' },
    external: { type: 'boolean', description: 'A host that is not of this Kubernetes cluster.' }
  }
  const rest = Type.Object({
    fullnameOverride: Type.String({ pattern: '^([a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?)?$' }),
    clusterDomain: ObjectName,
    imagePullSecrets: Type.Array(ObjectName),
    commonLabels: Texts,
    tls: TlsValues,
    agent: AgentValues,
    witness: object({ resources: Resources, tolerations: Objects }),
    controller: ControllerValues,
    store: StoreValues,
    networkPolicy: object({ enabled: Type.Boolean(), apiFrom: Objects, extraEgress: Objects }),
    monitoring: MonitoringValues,
    tests: object({ token: OwnName, deadlineSeconds: Positive })
  })
  const plain = JSON.parse(JSON.stringify(rest)) as { properties: Record<string, unknown>, required: readonly string[] }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Values of the chart ovsdb-ha',
    description: 'Generated by "npm run chart"; nodes and clusters are those of cluster.yaml.',
    type: 'object',
    additionalProperties: false,
    required: ['nodes', 'clusters', ...plain.required],
    properties: {
      // a parent chart's
      global: { type: 'object' },
      // empty ones are refused by the templates, with a sentence
      nodes: { type: 'array', maxItems: 256, items: { ...nodes.items, properties } },
      clusters: { type: 'array', maxItems: 256, items: clusters.items },
      ...plain.properties
    }
  }
}

interface ConfigSchema {
  readonly properties: {
    readonly nodes: { readonly items: { readonly properties: Record<string, unknown> } }
    readonly clusters: { readonly items: Record<string, unknown> }
  }
}

/** Helm checks patterns by Go's regular expressions, which have no look-ahead and write control characters in hexadecimal. */
function portable (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(portable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value)
    .filter(([key]) => key !== 'patternErrorMessage')
    .map(([key, inner]) => [key, portableKeyword(key, inner)]))
}

function portableKeyword (key: string, value: unknown): unknown {
  if (key === 'pattern' && typeof value === 'string') return portablePattern(value)
  const inner = portable(value)
  // their keys are patterns
  return key === 'patternProperties' && typeof inner === 'object' && inner !== null ? Object.fromEntries(Object.entries(inner).map(([pattern, schema]) => [portablePattern(pattern), schema])) : inner
}

function portablePattern (pattern: string): string {
  return pattern.replaceAll(/\(\?![^()]*\)/g, '').replaceAll(/\\u00([0-9a-f]{2})/g, '\\x$1')
}
