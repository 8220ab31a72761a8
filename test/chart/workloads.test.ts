// What the rendered pods are: where they run, what they may do, how they start and stop.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { parseConfig } from '../../protocol/config.ts'
import { one, render, skipWithoutHelm, valuesFiles, type Manifest } from './helm.ts'

/** The pod of a manifest, and null where it has none. */
function podOf ({ kind, spec }: Manifest): any {
  if (kind === 'Pod') return spec
  return ['DaemonSet', 'Deployment', 'StatefulSet'].includes(kind) ? spec.template.spec : null
}

/** What the images' entry points begin with, and what is run in their containers. */
const PROGRAM = ['/opt/ovsdb-ha/bin/node', '/opt/ovsdb-ha/cli/main.ts'] as const

const configOf = (manifests: readonly Manifest[], name: string, key: string): string => one(manifests, 'ConfigMap', name).data[key]
const checksum = ({ spec }: Manifest): string => spec.template.metadata.annotations['checksum/config']
const mounts = (container: any): readonly string[] => container.volumeMounts.map((mount: any) => mount.name)

describe('what the chart runs', { skip: skipWithoutHelm }, () => {
  test('agents run on exactly the data nodes, in their network, one replaced at a time', async () => {
    const { spec } = one(await render('witness-values.yaml', { 'agent.updateStrategy': 'RollingUpdate' }), 'DaemonSet')
    const { affinity, hostNetwork, dnsPolicy } = spec.template.spec
    const terms = affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms
    assert.deepEqual(terms.map(({ matchFields }: any) => matchFields), ['ctl1.example.net', 'ctl2.example.net'].map(name => [{ key: 'metadata.name', operator: 'In', values: [name] }]))
    assert.deepEqual([hostNetwork, dnsPolicy], [true, 'ClusterFirstWithHostNet'])
    assert.deepEqual(spec.updateStrategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } })
  })

  test('a witness runs on its one node, never twice, with nothing of root but the user', async () => {
    const { spec } = one(await render('witness-values.yaml'), 'Deployment', '-witness-worker1')
    const { affinity, containers: [witness], hostNetwork } = spec.template.spec
    assert.deepEqual([spec.replicas, spec.strategy, hostNetwork], [1, { type: 'Recreate' }, true])
    assert.deepEqual(affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms, [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['worker1.example.net'] }] }])
    assert.deepEqual([witness.securityContext.capabilities, witness.securityContext.seLinuxOptions], [{ drop: ['ALL'] }, { type: 'spc_t' }])
  })

  test('a node outside of Kubernetes gets no pod, and is a voter all the same', async () => {
    const manifests = await render('outside-values.yaml')
    assert.deepEqual(manifests.filter(({ kind }) => kind === 'Deployment'), [])
    const { config } = parseConfig(configOf(manifests, '-agent', 'cluster.yaml'), 'cluster.yaml')
    assert.deepEqual(config?.nodes.map(({ name, agentPort }) => [name, agentPort]), [['ctl1', 8643], ['ctl2', 8643], ['witness', 9643]])
    assert.deepEqual([config?.controller.name, config?.controller.others.map(({ name }) => name)], ['ctl-a', ['ctl-b']])
  })

  test('no container has a capability, but the agent NET_ADMIN and NET_RAW; none may write to its root or gain rights', async () => {
    for (const file of await valuesFiles()) {
      for (const manifest of await render(file)) {
        const pod = podOf(manifest)
        if (pod === null) continue
        assert.deepEqual([pod.automountServiceAccountToken, pod.securityContext.seccompProfile], [false, { type: 'RuntimeDefault' }], manifest.metadata.name)
        for (const { name, securityContext } of pod.containers) {
          const { capabilities, privileged, allowPrivilegeEscalation, readOnlyRootFilesystem } = securityContext
          assert.deepEqual([privileged, allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities.drop], [false, false, true, ['ALL']], name)
          const extra = file === 'outside-values.yaml' ? ['KILL', 'SYS_PTRACE', 'DAC_OVERRIDE'] : []
          assert.deepEqual(capabilities.add, name === 'agent' ? ['NET_ADMIN', 'NET_RAW', ...extra] : undefined, name)
          assert.equal(pod.securityContext.runAsNonRoot ?? false, !['agent', 'witness'].includes(name), name)
        }
      }
    }
  })

  test('an agent, its probes and its hook find its name by the Kubernetes node that they are on', async () => {
    const manifests = await render('witness-values.yaml')
    assert.deepEqual(one(manifests, 'ConfigMap', '-nodes').data, { 'ctl1.example.net': 'ctl1', 'ctl2.example.net': 'ctl2', 'worker1.example.net': 'worker1' })
    for (const manifest of [one(manifests, 'DaemonSet'), one(manifests, 'Deployment', '-witness-worker1')]) {
      const [agent] = podOf(manifest).containers
      assert.deepEqual(agent.args, ['agent', '--config', '/etc/ovsdb-ha/cluster.yaml'])
      assert.deepEqual(agent.env.slice(0, 2), [
        { name: 'OVSDB_HA_KUBERNETES_NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'OVSDB_HA_NODE_FILE', value: '/etc/ovsdb-ha/nodes/$(OVSDB_HA_KUBERNETES_NODE)' }
      ], 'a variable may refer to those before it')
    }
  })

  test('an agent hands over before it stops, and has longer than that takes', async () => {
    for (const file of ['three-nodes-values.yaml', 'witness-values.yaml']) {
      const pod = podOf(one(await render(file), 'DaemonSet'))
      const [agent] = pod.containers
      const [, script, main, deadline] = agent.lifecycle.preStop.exec.command
      assert.deepEqual([script, main], ['/etc/ovsdb-ha/scripts/hand-over.mjs', '/opt/ovsdb-ha/cli/main.ts'])
      assert.ok(pod.terminationGracePeriodSeconds >= Number(deadline) + 15)
      assert.ok(mounts(agent).includes('token'))
    }
    const [without] = podOf(one(await render('three-nodes-values.yaml', { 'agent.handOver.enabled': false }), 'DaemonSet')).containers
    assert.deepEqual([without.lifecycle, mounts(without).includes('token')], [undefined, false])
  })

  test('liveness knows nothing of databases and store; readiness does', async () => {
    const manifests = await render('controllers-values.yaml')
    const [agent] = podOf(one(manifests, 'DaemonSet')).containers
    const [controller] = podOf(one(manifests, 'StatefulSet', '-controller')).containers
    const health = [...PROGRAM, 'health', 'agent', '--config', '/etc/ovsdb-ha/cluster.yaml']
    assert.deepEqual([agent.startupProbe, agent.livenessProbe, agent.readinessProbe].map(probe => probe.exec.command), [health, health, [...health, '--ready']])
    assert.deepEqual([controller.livenessProbe.httpGet.path, controller.readinessProbe.httpGet.path, controller.readinessProbe.httpGet.scheme], ['/healthz', '/readyz', 'HTTPS'])
    const [plain] = podOf(one(await render('trial-values.yaml'), 'StatefulSet', '-controller')).containers
    assert.equal(plain.livenessProbe.httpGet.scheme, 'HTTP')
  })

  test('every controller has a file by the name of its pod, and knows the others by theirs', async () => {
    const manifests = await render('controllers-values.yaml')
    const { spec } = one(manifests, 'StatefulSet', '-controller')
    assert.equal(spec.replicas, 3)
    assert.deepEqual(spec.template.spec.containers[0].args, ['controller', '--config', '/etc/ovsdb-ha/config/$(POD_NAME).yaml'])
    const { data } = one(manifests, 'ConfigMap', '-controller')
    assert.deepEqual(Object.keys(data), [0, 1, 2].map(index => `ha-ovsdb-ha-controller-${index}.yaml`))
    const { config } = parseConfig(data['ha-ovsdb-ha-controller-1.yaml'], 'cluster.yaml')
    assert.equal(config?.controller.name, 'controller-1')
    assert.deepEqual(config?.controller.others, [0, 2].map(index => ({ name: `controller-${index}`, url: `https://ha-ovsdb-ha-controller-${index}.ha-ovsdb-ha-controllers.net.svc.cluster.local:8640` })))
    const { spec: service } = one(manifests, 'Service', '-controllers')
    assert.deepEqual([service.clusterIP, service.publishNotReadyAddresses, spec.serviceName], ['None', true, 'ha-ovsdb-ha-controllers'])
    assert.equal(one(manifests, 'PodDisruptionBudget').spec.maxUnavailable, '33%')
    assert.deepEqual(spec.template.spec.topologySpreadConstraints.map(({ topologyKey }: any) => topologyKey), ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'])
  })

  test('agents roll when what they read changes, and not for tokens, the store or the size of a controller', async () => {
    const before = await render('three-nodes-values.yaml')
    const tokens = await render('three-nodes-values.yaml', { 'controller.recoveriesAtOnce': 3, 'controller.port': 9640, 'store.embedded.persistence': false })
    const timing = await render('three-nodes-values.yaml', { 'agent.port': 9643 })
    const [agentBefore, agentTokens, agentTiming] = [before, tokens, timing].map(manifests => checksum(one(manifests, 'DaemonSet')))
    const [controllerBefore, controllerTokens, controllerTiming] = [before, tokens, timing].map(manifests => checksum(one(manifests, 'StatefulSet', '-controller')))
    assert.equal(agentTokens, agentBefore)
    assert.notEqual(agentTiming, agentBefore)
    assert.notEqual(controllerTokens, controllerBefore)
    assert.notEqual(controllerTiming, controllerBefore)
    const moved = await render('witness-values.yaml', { nodes: [['ctl1', '11', 'ctl2'], ['ctl2', '12', 'ctl1'], ['worker1', '21', 'worker1']].map(([name, end, place]) => ({ name, address: `10.0.0.${end}`, kubernetesNode: `${place}.example.net` })) })
    assert.notEqual(checksum(one(moved, 'DaemonSet')), checksum(one(await render('witness-values.yaml'), 'DaemonSet')), 'two nodes changed their places')
  })

  test('a new version of the chart alone rolls no pod', async () => {
    for (const manifest of await render('controllers-values.yaml')) {
      const labels = Object.keys(manifest.spec?.template?.metadata.labels ?? {}).filter(label => /chart|version/.test(label))
      assert.deepEqual(labels, [], manifest.metadata.name)
    }
  })

  test('every file that a cluster.yaml names is mounted by whoever reads it', async () => {
    const manifests = await render('controllers-values.yaml')
    const [controller] = podOf(one(manifests, 'StatefulSet', '-controller')).containers
    const directories: readonly string[] = controller.volumeMounts.map(({ mountPath }: any) => mountPath)
    const text = configOf(manifests, '-controller', 'ha-ovsdb-ha-controller-0.yaml')
    const named = [...text.matchAll(/(\/etc\/ovsdb-ha\/[^\s'"]+)/g)].map(([path]) => path)
    assert.ok(named.length >= 10)
    for (const path of named) assert.ok(directories.some(directory => path.startsWith(`${directory}/`)), path)
  })

  test('with cert-manager each node and controller has a certificate that carries its name, for servers and clients', async () => {
    const manifests = await render('controllers-values.yaml')
    const certificates = manifests.filter(({ kind }) => kind === 'Certificate')
    assert.deepEqual(certificates.map(({ spec }) => spec.dnsNames[0]), ['ctl1', 'ctl2', 'ctl3', 'controller-0', 'controller-1', 'controller-2', 'ha-ovsdb-ha-monitoring'])
    assert.deepEqual(certificates[0]?.spec.ipAddresses, ['10.0.0.11'])
    for (const { spec } of certificates) assert.ok(['server auth', 'client auth'].every(usage => spec.usages.includes(usage)))
    const made = new Set(certificates.map(({ spec }) => spec.secretName))
    for (const manifest of manifests) {
      const volumes = podOf(manifest)?.volumes ?? []
      const used = volumes.filter(({ name }: any) => name === 'tls').flatMap(({ projected, secret }: any) => projected?.sources.map((source: any) => source.secret.name) ?? [secret.secretName])
      for (const name of used) assert.ok(made.has(name), `${manifest.metadata.name} mounts ${name}`)
    }
  })

  test('a sidecar is a patch that joins the servers\' processes, network, sockets and databases', async () => {
    const manifests = await render('sidecar-values.yaml')
    assert.deepEqual(manifests.filter(({ kind }) => kind === 'DaemonSet'), [])
    const { spec } = parse(configOf(manifests, '-sidecar', 'patch.yaml'))
    const { containers: [agent], volumes, ...pod } = spec.template.spec
    assert.deepEqual([pod.shareProcessNamespace, pod.hostNetwork, agent.name], [true, true, 'ovsdb-ha-agent'])
    assert.deepEqual(agent.securityContext.capabilities, { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] })
    const known = new Set(['run', 'data', ...volumes.map(({ name }: any) => name)])
    for (const name of mounts(agent)) assert.ok(known.has(name), `no volume ${name}`)
    for (const name of known) assert.ok(mounts(agent).includes(name), `volume ${name} is not mounted`)
  })

  test('the bundled Redis is reached by controllers only, and its password stands in no manifest but its Secret', async () => {
    const manifests = await render('trial-values.yaml')
    const policy = one(manifests, 'NetworkPolicy', '-redis').spec
    assert.deepEqual(policy.ingress[0].from.map(({ podSelector }: any) => podSelector.matchLabels['app.kubernetes.io/component']), ['controller'])
    const { config } = parseConfig(configOf(manifests, '-controller', 'ha-ovsdb-ha-controller-0.yaml'), 'cluster.yaml')
    assert.equal(config?.controller.store.type, 'redis')
    const password = one(manifests, 'Secret', '-redis').data.password
    assert.equal(manifests.filter(manifest => JSON.stringify(manifest).includes(password)).length, 1)
  })

  test('controllers reach the agents at their own ports and Redis at its own, and nothing else by default', async () => {
    const egress = one(await render('controllers-values.yaml'), 'NetworkPolicy', '-controller').spec.egress
    assert.deepEqual(egress.slice(0, 3).map(({ to, ports }: any) => [to[0].ipBlock.cidr, ports[0].port]), [['10.0.0.11/32', 8643], ['10.0.0.12/32', 8643], ['10.0.0.13/32', 8643]])
    assert.deepEqual(egress.slice(3).map(({ to, ports }: any) => [to?.[0].podSelector?.matchLabels['app.kubernetes.io/component'] ?? to?.[0].ipBlock.cidr ?? 'anywhere', ...ports.map(({ port }: any) => port)]), [['controller', 'api'], ['anywhere', 53, 53], ['anywhere', 6380, 6379], ['10.9.0.0/24', 623]])
    const six = one(await render('trial-values.yaml'), 'NetworkPolicy', '-controller').spec.egress
    assert.equal(six[0].to[0].ipBlock.cidr, 'fd00::11/128')
  })

  test('Prometheus scrapes controllers by the Service\'s name, and agents with a certificate of its own', async () => {
    const manifests = await render('controllers-values.yaml')
    const [controllers] = one(manifests, 'ServiceMonitor').spec.endpoints
    const service = controllers.tlsConfig.serverName
    assert.ok(manifests.filter(({ kind, metadata }) => kind === 'Certificate' && metadata.name.includes('-controller-')).every(({ spec }) => spec.dnsNames.includes(service)))
    const [agents] = one(manifests, 'PodMonitor').spec.podMetricsEndpoints
    assert.deepEqual([agents.port, agents.scheme, agents.tlsConfig.keySecret], ['agent', 'https', { name: 'ha-ovsdb-ha-monitoring-tls', key: 'tls.key' }])
    assert.equal(one(manifests, 'PodMonitor').metadata.labels.release, 'kube-prometheus-stack')
  })

  test('helm test asks with a token that may only read', async () => {
    const manifests = await render('three-nodes-values.yaml')
    const test = one(manifests, 'Pod', '-test-status')
    assert.equal(test.metadata.annotations?.['helm.sh/hook'], 'test')
    assert.deepEqual(test.spec.volumes.find(({ name }: any) => name === 'token').secret.items, [{ key: 'monitoring', path: 'monitoring' }])
  })
})
