{{/* What the schema cannot tell. Each sentence names the value to change. */}}
{{- define "ovsdb-ha.validate" -}}
{{- $nodes := (include "ovsdb-ha.nodes" . | fromJson).items -}}
{{- if or (not .Values.nodes) (not .Values.clusters) -}}
{{- fail "nodes and clusters are empty: say which hosts run an agent and what they serve, as in ci/three-nodes-values.yaml" -}}
{{- end -}}
{{- $known := list -}}
{{- $places := list -}}
{{- range $node := $nodes -}}
{{- if has $node.name $known }}{{ fail (printf "nodes: %s is there twice (capitals do not count)" $node.name) }}{{ end -}}
{{- $known = append $known $node.name -}}
{{- if not $node.external -}}
{{- if has $node.kubernetesNode $places }}{{ fail (printf "nodes: the Kubernetes node %s is there twice: two agents on one host are no two voters" $node.kubernetesNode) }}{{ end -}}
{{- $places = append $places $node.kubernetesNode -}}
{{- end -}}
{{- end -}}
{{- range $node := .Values.nodes -}}
{{- if and $node.agentPort (not $node.external) }}{{ fail (printf "nodes: %s has an agentPort: agents of the chart all listen on agent.port; agentPort is for external nodes" $node.name) }}{{ end -}}
{{- if and $node.external $node.kubernetesNode }}{{ fail (printf "nodes: %s is external and has a kubernetesNode: give one of them" $node.name) }}{{ end -}}
{{- end -}}
{{- range $cluster := .Values.clusters -}}
{{- range $one := $cluster.nodes -}}
{{- $name := ternary $one (get (ternary (dict) $one (kindIs "string" $one)) "name") (kindIs "string" $one) -}}
{{- if not (has (lower $name) $known) }}{{ fail (printf "clusters: %s has the node %s, which is not in nodes" $cluster.name $name) }}{{ end -}}
{{- end -}}
{{- range $server := $cluster.servers -}}
{{- $mode := default "process" (default (dict) $server.run).mode -}}
{{- if and $.Values.agent.enabled (eq $mode "systemd") }}{{ fail (printf "clusters: %s: the server %s has run.mode systemd, and an agent in a container has no systemd: use process or attach, or install that agent by systemd (agent.enabled: false)" $cluster.name $server.name) }}{{ end -}}
{{- if and $.Values.agent.enabled (eq $mode "attach") (not $.Values.agent.hostPID) }}{{ fail (printf "clusters: %s: the server %s has run.mode attach, and runs outside of the agent's pod: set agent.hostPID: true, or run the agent as its sidecar (agent.enabled: false, agent.sidecar.enabled: true)" $cluster.name $server.name) }}{{ end -}}
{{- if and $.Values.agent.sidecar.enabled (ne $mode "attach") }}{{ fail (printf "clusters: %s: the server %s has run.mode %s: a sidecar attaches to servers that their own container runs (run.mode: attach)" $cluster.name $server.name $mode) }}{{ end -}}
{{- end -}}
{{- range $companion := $cluster.companions -}}
{{- if and (or $.Values.agent.enabled $.Values.agent.sidecar.enabled) $companion.unit }}{{ fail (printf "clusters: %s: the companion %s is a systemd unit, and an agent in a container has no systemd: use command, with a program that the agent's image has, or run it in a pod of its own that dials the endpoint" $cluster.name $companion.name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.agent.enabled .Values.agent.sidecar.enabled }}{{ fail "agent.enabled and agent.sidecar.enabled: one node must not have two agents; set one of them to false" }}{{ end -}}
{{- include "ovsdb-ha.validateController" . -}}
{{- include "ovsdb-ha.validateStore" . -}}
{{- include "ovsdb-ha.validateHandOver" . -}}
{{- if and (eq .Values.tls.source "certManager") (not .Values.tls.certManager.issuerRef.name) }}{{ fail "tls.certManager.issuerRef.name is empty: name the issuer that signs the certificates, or choose tls.source: secrets (or insecure, for a trial)" }}{{ end -}}
{{- if not (contains "{name}" .Values.tls.secretName) }}{{ fail "tls.secretName lacks {name}: each node and controller has a certificate of its own" }}{{ end -}}
{{- if and .Values.tls.agentHostPath (eq .Values.tls.source "insecure") }}{{ fail "tls.agentHostPath has no meaning with tls.source: insecure" }}{{ end -}}
{{- if and .Values.monitoring.podMonitor (eq .Values.tls.source "secrets") (not .Values.monitoring.clientSecret) }}{{ fail "monitoring.clientSecret is empty: agents let nobody in without a certificate of their authority, Prometheus neither" }}{{ end -}}
{{- end -}}

{{- define "ovsdb-ha.validateController" -}}
{{- if .Values.controller.enabled -}}
{{- $replicas := int .Values.controller.replicas -}}
{{- $names := list -}}
{{- range .Values.controller.tokens -}}
{{- if has .name $names }}{{ fail (printf "controller.tokens: %s is there twice" .name) }}{{ end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- if not (has .Values.tests.token $names) }}{{ fail (printf "tests.token: %s is not in controller.tokens" .Values.tests.token) }}{{ end -}}
{{- if and (gt $replicas 1) (eq .Values.store.type "embedded") }}{{ fail (printf "controller.replicas is %d, and the embedded store is for one controller: set store.type: redis, or replicas: 1" $replicas) }}{{ end -}}
{{- range (include "ovsdb-ha.nodes" . | fromJson).items -}}
{{- if and (hasPrefix (printf "%s-" (lower $.Values.controller.name)) .name) (regexMatch "^[0-9]+$" (trimPrefix (printf "%s-" (lower $.Values.controller.name)) .name)) }}{{ fail (printf "controller.name: a controller would be called %s, as a node is: peers are told apart by their names" .name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "ovsdb-ha.validateStore" -}}
{{- $redis := .Values.store.redis -}}
{{- if and (eq .Values.store.type "redis") (not $redis.urls) (not $redis.bundled.enabled) }}{{ fail "store.redis.urls is empty: give the addresses of your Redis, or set store.redis.bundled.enabled for a trial" }}{{ end -}}
{{- if and $redis.urls $redis.bundled.enabled }}{{ fail "store.redis.urls and store.redis.bundled.enabled: use yours or the bundled one" }}{{ end -}}
{{- if and (eq .Values.store.type "embedded") (or $redis.urls $redis.bundled.enabled) }}{{ fail "store.redis is set, and store.type is embedded: set store.type: redis, or leave store.redis out" }}{{ end -}}
{{- if and $redis.username (not $redis.existingSecret) }}{{ fail "store.redis.existingSecret is empty beside store.redis.username: name the Secret that holds its password" }}{{ end -}}
{{- end -}}

{{- define "ovsdb-ha.validateHandOver" -}}
{{- $handOver := .Values.agent.handOver -}}
{{- if and .Values.controller.enabled (or .Values.agent.enabled .Values.agent.sidecar.enabled) $handOver.enabled -}}
{{- $role := "" -}}
{{- range .Values.controller.tokens }}{{ if eq .name $handOver.token }}{{ $role = .role }}{{ end }}{{ end -}}
{{- if not $role }}{{ fail (printf "agent.handOver.token: %s is not in controller.tokens" $handOver.token) }}{{ end -}}
{{- if eq $role "viewer" }}{{ fail (printf "agent.handOver.token: %s is a viewer, and a switchover needs an operator" $handOver.token) }}{{ end -}}
{{- $switchoverMs := include "ovsdb-ha.switchoverMs" . | int64 -}}
{{- if le (mul (int64 $handOver.deadlineSeconds) 1000) $switchoverMs }}{{ fail (printf "agent.handOver.deadlineSeconds is %d, and a switchover may take %d ms (lease, handoverDeadline and promoteDeadline of the slowest cluster): make it longer" (int64 $handOver.deadlineSeconds) $switchoverMs) }}{{ end -}}
{{- if lt (int64 .Values.agent.terminationGracePeriodSeconds) (add (int64 $handOver.deadlineSeconds) 15) }}{{ fail (printf "agent.terminationGracePeriodSeconds is %d: it must be at least agent.handOver.deadlineSeconds and 15 s for the agent's own stop, %d" (int64 .Values.agent.terminationGracePeriodSeconds) (add (int64 $handOver.deadlineSeconds) 15)) }}{{ end -}}
{{- end -}}
{{- end -}}
