{{/* The agent of a Kubernetes node. It has a name of its own in cluster.yaml, found by the node it is on: cat fails, and says so, on a node that is in nobody's list. */}}
{{- define "ovsdb-ha.agentCommand" -}}
command:
  - /bin/sh
  - -ec
  - >-
    read -r name rest < "$OVSDB_HA_ADDRESSES/$OVSDB_HA_KUBERNETES_NODE";
    exec /usr/bin/tini -- /opt/ovsdb-ha/bin/node /opt/ovsdb-ha/cli/main.ts agent --config /etc/ovsdb-ha/cluster.yaml --node "$name"
{{- end -}}

{{/* dict "root" $ "handOver" BOOL "ownPids" BOOL: whether process 1 is the agent. */}}
{{- define "ovsdb-ha.agentEnv" -}}
- name: OVSDB_HA_KUBERNETES_NODE
  valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
- name: OVSDB_HA_ADDRESSES
  value: /etc/ovsdb-ha/addresses
- name: OVSDB_HA_TLS
  value: {{ ternary "" "/etc/ovsdb-ha/tls" (eq .root.Values.tls.source "insecure") | quote }}
{{- if .handOver }}
- name: OVSDB_HA_HOOK_LOG
  value: {{ ternary "/proc/1/fd/1" "" .ownPids | quote }}
{{ include "ovsdb-ha.clientEnv" (dict "root" .root "token" .root.Values.agent.handOver.token) }}
{{- end }}
{{- with .root.Values.agent.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Liveness: the agent's event loop turns; it knows nothing of databases. A restart of the agent ends its servers, so it is the last resort: after a minute of silence. */}}
{{- define "ovsdb-ha.agentProbes" -}}
startupProbe:
  exec: { command: [/opt/ovsdb-ha/bin/node, /etc/ovsdb-ha/scripts/probe.mjs, /healthz] }
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  exec: { command: [/opt/ovsdb-ha/bin/node, /etc/ovsdb-ha/scripts/probe.mjs, /healthz] }
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 4
readinessProbe:
  exec: { command: [/opt/ovsdb-ha/bin/node, /etc/ovsdb-ha/scripts/probe.mjs, /readyz] }
  periodSeconds: 10
  timeoutSeconds: 5
{{- end -}}

{{/* What every agent mounts. */}}
{{- define "ovsdb-ha.agentMounts" -}}
- { name: config, mountPath: /etc/ovsdb-ha/cluster.yaml, subPath: cluster.yaml, readOnly: true }
- { name: addresses, mountPath: /etc/ovsdb-ha/addresses, readOnly: true }
- { name: scripts, mountPath: /etc/ovsdb-ha/scripts, readOnly: true }
{{- if ne .Values.tls.source "insecure" }}
- { name: tls, mountPath: /etc/ovsdb-ha/tls, readOnly: true }
{{- end }}
- { name: state, mountPath: {{ .Values.agent.stateDirectory }} }
- { name: run, mountPath: {{ .Values.agent.runDirectory }} }
- { name: tmp, mountPath: /tmp }
{{- end -}}

{{/* dict "root" $ "names" [NODE]: their volumes. */}}
{{- define "ovsdb-ha.agentVolumes" -}}
{{- $full := include "ovsdb-ha.fullname" .root -}}
- name: config
  configMap: { name: {{ $full }}-agent }
- name: addresses
  configMap: { name: {{ $full }}-addresses }
- name: scripts
  configMap: { name: {{ $full }}-scripts }
- name: tmp
  emptyDir: {}
- name: state
  hostPath: { path: {{ .root.Values.agent.stateDirectory }}, type: DirectoryOrCreate }
- name: run
  hostPath: { path: {{ .root.Values.agent.runDirectory }}, type: DirectoryOrCreate }
{{- if .root.Values.tls.agentHostPath }}
- name: tls
  hostPath: { path: {{ .root.Values.tls.agentHostPath }}, type: Directory }
{{- else if ne .root.Values.tls.source "insecure" }}
{{ include "ovsdb-ha.tlsVolume" . }}
{{- end }}
{{- end -}}

{{/* dict "root" $: the container of an agent that owns the servers of its node. */}}
{{- define "ovsdb-ha.agentContainer" -}}
{{- $root := .root -}}
{{- $agent := $root.Values.agent -}}
{{- $handOver := and $root.Values.controller.enabled $agent.handOver.enabled -}}
name: agent
image: {{ include "ovsdb-ha.image" (dict "root" $root "image" $agent.image) | quote }}
imagePullPolicy: {{ $agent.image.pullPolicy }}
{{ include "ovsdb-ha.agentCommand" . }}
env:
  {{- include "ovsdb-ha.agentEnv" (dict "root" $root "handOver" $handOver "ownPids" (not $agent.hostPID)) | nindent 2 }}
ports:
  - { name: agent, containerPort: {{ int $agent.port }}, protocol: TCP }
{{- if $handOver }}
lifecycle:
  preStop:
    exec:
      command: [/opt/ovsdb-ha/bin/node, /etc/ovsdb-ha/scripts/hand-over.mjs, /opt/ovsdb-ha/cli/main.ts, {{ $agent.handOver.deadlineSeconds | quote }}]
{{- end }}
{{ include "ovsdb-ha.agentProbes" . }}
securityContext:
  runAsUser: 0
  runAsNonRoot: false
  privileged: false
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
    add: {{ concat (list "NET_ADMIN" "NET_RAW") $agent.extraCapabilities | uniq | toJson }}
resources:
  {{- toYaml $agent.resources | nindent 2 }}
volumeMounts:
  {{- include "ovsdb-ha.agentMounts" $root | nindent 2 }}
  - { name: log, mountPath: /var/log/ovsdb-ha }
  {{- if $handOver }}
  - { name: token, mountPath: /etc/ovsdb-ha/tokens, readOnly: true }
  {{- end }}
  {{- with $agent.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
