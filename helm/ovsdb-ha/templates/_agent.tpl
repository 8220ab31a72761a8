{{/*
What every agent is told, by its environment: its name in cluster.yaml is in the file of the Kubernetes node it is on. Kubernetes puts
the node's name into a variable that refers to it, and into arguments, but not into the commands of probes and hooks: those read the variable too.
A node that is in nobody's list has no such file, and the agent says so.
dict "root" $ "handOver" BOOL "ownPids" BOOL: whether process 1 is the agent's.
*/}}
{{- define "ovsdb-ha.agentEnv" -}}
- name: OVSDB_HA_KUBERNETES_NODE
  valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
- name: OVSDB_HA_NODE_FILE
  value: /etc/ovsdb-ha/nodes/$(OVSDB_HA_KUBERNETES_NODE)
{{- if .handOver }}
- name: OVSDB_HA_HOOK_LOG
  value: {{ ternary "/proc/1/fd/1" "" .ownPids | quote }}
{{ include "ovsdb-ha.clientEnv" (dict "root" .root "token" .root.Values.agent.handOver.token) }}
{{- end }}
{{- with .root.Values.agent.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The image starts tini and the program; these are its arguments. */}}
{{- define "ovsdb-ha.agentArgs" -}}
args: [agent, --config, /etc/ovsdb-ha/cluster.yaml]
{{- end -}}

{{/* The agent lets nobody in without a certificate of its authority, which no probe of the kubelet has: hence a command. Liveness: the agent's event loop turns; it knows nothing of databases. A restart of the agent ends its servers, so it is the last resort: after a minute of silence. Each probe is a process of its own that costs up to half a second of a processor, so they are few. */}}
{{- define "ovsdb-ha.agentProbes" -}}
{{- $health := "/opt/ovsdb-ha/bin/node, /opt/ovsdb-ha/cli/main.ts, health, agent, --config, /etc/ovsdb-ha/cluster.yaml" -}}
startupProbe:
  exec: { command: [{{ $health }}] }
  periodSeconds: 3
  timeoutSeconds: 10
  failureThreshold: 40
livenessProbe:
  exec: { command: [{{ $health }}] }
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 3
readinessProbe:
  exec: { command: [{{ $health }}, --ready] }
  periodSeconds: 20
  timeoutSeconds: 10
{{- end -}}

{{/* Before the pod of an active stops. */}}
{{- define "ovsdb-ha.handOverHook" -}}
lifecycle:
  preStop:
    exec:
      command: [/opt/ovsdb-ha/bin/node, /etc/ovsdb-ha/scripts/hand-over.mjs, /opt/ovsdb-ha/cli/main.ts, {{ .Values.agent.handOver.deadlineSeconds | quote }}]
{{- end -}}

{{/* Root, for the addresses and the packet filter of the node, with the two capabilities that these need. */}}
{{- define "ovsdb-ha.agentSecurityContext" -}}
securityContext:
  runAsUser: 0
  runAsNonRoot: false
  privileged: false
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
    add: {{ concat (list "NET_ADMIN" "NET_RAW") .Values.agent.extraCapabilities | uniq | toJson }}
  {{- with .Values.agent.seLinuxType }}
  seLinuxOptions: { type: {{ . }} }
  {{- end }}
{{- end -}}

{{/* Pods roll when what the agent reads changes. */}}
{{- define "ovsdb-ha.agentChecksum" -}}
{{- printf "%s\n%s" (include "ovsdb-ha.agentConfig" .) (include "ovsdb-ha.nodeFiles" .) | sha256sum -}}
{{- end -}}

{{/* What every agent mounts. */}}
{{- define "ovsdb-ha.agentMounts" -}}
- { name: config, mountPath: /etc/ovsdb-ha/cluster.yaml, subPath: cluster.yaml, readOnly: true }
- { name: nodes, mountPath: /etc/ovsdb-ha/nodes, readOnly: true }
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
- name: nodes
  configMap: { name: {{ $full }}-nodes }
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
{{ include "ovsdb-ha.agentArgs" . }}
env:
  {{- include "ovsdb-ha.agentEnv" (dict "root" $root "handOver" $handOver "ownPids" (not $agent.hostPID)) | nindent 2 }}
ports:
  - { name: agent, containerPort: {{ int $agent.port }}, protocol: TCP }
{{- if $handOver }}
{{ include "ovsdb-ha.handOverHook" $root }}
{{- end }}
{{ include "ovsdb-ha.agentProbes" . }}
{{ include "ovsdb-ha.agentSecurityContext" $root }}
resources:
  {{- toYaml $agent.resources | nindent 2 }}
volumeMounts:
  {{- include "ovsdb-ha.agentMounts" $root | nindent 2 }}
  - { name: log, mountPath: /var/log/ovsdb-ha }
  {{- if $handOver }}
  - { name: scripts, mountPath: /etc/ovsdb-ha/scripts, readOnly: true }
  - { name: token, mountPath: /etc/ovsdb-ha/tokens, readOnly: true }
  {{- end }}
  {{- with $agent.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
