{{/* Names. */}}
{{- define "ovsdb-ha.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ovsdb-ha.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* dict "root" $ "component" NAME */}}
{{- define "ovsdb-ha.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* dict "root" $ "component" NAME: labels of pods. Those of the chart's version are left out: a new one alone restarts nobody. */}}
{{- define "ovsdb-ha.podLabels" -}}
{{ include "ovsdb-ha.selector" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* dict "root" $ "component" NAME: what every object begins its metadata with. */}}
{{- define "ovsdb-ha.metadata" -}}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ovsdb-ha.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "ovsdb-ha.image" -}}
{{- printf "%s:%s" .image.repository (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}

{{/* dict "root" $ "name" NODE-OR-CONTROLLER: the Secret with its certificate. */}}
{{- define "ovsdb-ha.tlsSecret" -}}
{{- .root.Values.tls.secretName | replace "{release}" (include "ovsdb-ha.fullname" .root) | replace "{name}" .name -}}
{{- end -}}

{{- define "ovsdb-ha.tokensSecret" -}}
{{- .Values.controller.tokensSecret | default (printf "%s-tokens" (include "ovsdb-ha.fullname" .)) -}}
{{- end -}}

{{- define "ovsdb-ha.redisSecret" -}}
{{- .Values.store.redis.existingSecret | default (printf "%s-redis" (include "ovsdb-ha.fullname" .)) -}}
{{- end -}}

{{- define "ovsdb-ha.hasRedisPassword" -}}
{{- if and (eq .Values.store.type "redis") (or .Values.store.redis.existingSecret .Values.store.redis.bundled.enabled) -}}yes{{- end -}}
{{- end -}}

{{/* The controllers: {items: [{name, pod, host, url}]}. */}}
{{- define "ovsdb-ha.controllers" -}}
{{- $items := list -}}
{{- if .Values.controller.enabled -}}
{{- $full := include "ovsdb-ha.fullname" . -}}
{{- $scheme := ternary "http" "https" (eq .Values.tls.source "insecure") -}}
{{- range $index := until (int .Values.controller.replicas) -}}
{{- $pod := printf "%s-controller-%d" $full $index -}}
{{- $host := printf "%s.%s-controllers.%s.svc.%s" $pod $full $.Release.Namespace $.Values.clusterDomain -}}
{{- $items = append $items (dict "name" (printf "%s-%d" $.Values.controller.name $index) "pod" $pod "host" $host "url" (printf "%s://%s:%d" $scheme $host (int $.Values.controller.port))) -}}
{{- end -}}
{{- end -}}
{{- dict "items" $items | toJson -}}
{{- end -}}

{{/* The nodes, with what the clusters say of them: {items: [{name, address, port, kubernetesNode, external, witness, member, fence}]}. Names do not know capitals. */}}
{{- define "ovsdb-ha.nodes" -}}
{{- $items := list -}}
{{- range $node := .Values.nodes -}}
{{- $data := false -}}
{{- $member := false -}}
{{- range $cluster := $.Values.clusters -}}
{{- range $one := $cluster.nodes -}}
{{- $name := ternary $one (get (ternary (dict) $one (kindIs "string" $one)) "name") (kindIs "string" $one) -}}
{{- if eq (lower $name) (lower $node.name) -}}
{{- $member = true -}}
{{- if kindIs "string" $one }}{{ $data = true }}{{ else if not $one.witness }}{{ $data = true }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $items = append $items (dict "name" (lower $node.name) "address" $node.address "port" (int (default $.Values.agent.port $node.agentPort)) "kubernetesNode" (default $node.name $node.kubernetesNode) "external" (default false $node.external) "member" $member "witness" (and $member (not $data)) "fence" $node.fence) -}}
{{- end -}}
{{- dict "items" $items | toJson -}}
{{- end -}}

{{/* A duration of cluster.yaml in milliseconds. */}}
{{- define "ovsdb-ha.durationMs" -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- mul $number (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit | default 1000) -}}
{{- end -}}

{{/* What a switchover of the slowest cluster may take, in milliseconds: the hand-over or its undoing, and the promotion, which waits for a lease at worst. */}}
{{- define "ovsdb-ha.switchoverMs" -}}
{{- $slowest := 0 -}}
{{- range .Values.clusters -}}
{{- $timing := default (dict) .timing -}}
{{- $ms := add (include "ovsdb-ha.durationMs" (default "2s" $timing.lease)) (include "ovsdb-ha.durationMs" (default "2s" $timing.handoverDeadline)) (include "ovsdb-ha.durationMs" (default "5s" $timing.promoteDeadline)) -}}
{{- $slowest = max $slowest $ms -}}
{{- end -}}
{{- $slowest -}}
{{- end -}}

{{/* dict "root" $ "token" NAME: the environment of whoever uses the command. */}}
{{- define "ovsdb-ha.clientEnv" -}}
{{- $urls := list -}}
{{- range (include "ovsdb-ha.controllers" .root | fromJson).items }}{{ $urls = append $urls .url }}{{ end -}}
- name: OVSDB_HA_SERVER
  value: {{ join "," $urls | quote }}
- name: OVSDB_HA_TOKEN_FILE
  value: /etc/ovsdb-ha/tokens/{{ .token }}
{{- if ne .root.Values.tls.source "insecure" }}
- name: OVSDB_HA_CA_FILE
  value: /etc/ovsdb-ha/tls/ca.crt
{{- end }}
{{- end -}}

{{/* dict "root" $ "names" [NAME]: the volume with NAME.crt, NAME.key of each and ca.crt. */}}
{{- define "ovsdb-ha.tlsVolume" -}}
- name: tls
  projected:
    defaultMode: 0440
    sources:
      {{- range $index, $name := .names }}
      - secret:
          name: {{ include "ovsdb-ha.tlsSecret" (dict "root" $.root "name" $name) }}
          items:
            - { key: tls.crt, path: {{ $name }}.crt }
            - { key: tls.key, path: {{ $name }}.key }
            {{- if eq $index 0 }}
            - { key: ca.crt, path: ca.crt }
            {{- end }}
      {{- end }}
{{- end -}}

{{/* dict "root" $ "token" NAME: the volume with one token and no other. */}}
{{- define "ovsdb-ha.tokenVolume" -}}
- name: token
  secret:
    secretName: {{ include "ovsdb-ha.tokensSecret" .root }}
    defaultMode: 0440
    items:
      - { key: {{ .token }}, path: {{ .token }} }
{{- end -}}
