{{/* cluster.yaml, with the part `controller` that is given: dict "root" $ "controller" PART. */}}
{{- define "ovsdb-ha.clusterYaml" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $nodes := list -}}
{{- range (include "ovsdb-ha.nodes" $root | fromJson).items -}}
{{- $node := dict "name" .name "address" .address "agentPort" (int .port) -}}
{{- with .fence }}{{ $_ := set $node "fence" . }}{{ end -}}
{{- $nodes = append $nodes $node -}}
{{- end -}}
{{- $file := dict "version" 1 "nodes" $nodes "clusters" $values.clusters "agent" (dict "stateDirectory" $values.agent.stateDirectory "runDirectory" $values.agent.runDirectory) -}}
{{- with .controller }}{{ $_ := set $file "controller" . }}{{ end -}}
{{- if eq $values.tls.source "insecure" -}}
{{- $_ := set $file "insecure" true -}}
{{- else -}}
{{- $_ := set $file "tls" (dict "certificate" "/etc/ovsdb-ha/tls/{node}.crt" "privateKey" "/etc/ovsdb-ha/tls/{node}.key" "caCertificate" "/etc/ovsdb-ha/tls/ca.crt") -}}
{{- end -}}
{{- toYaml $file -}}
{{- end -}}

{{- define "ovsdb-ha.storePart" -}}
{{- $redis := .Values.store.redis -}}
{{- if eq .Values.store.type "embedded" -}}
{{- dict "type" "embedded" "file" "/var/lib/ovsdb-ha/controller.db" | toJson -}}
{{- else -}}
{{- $urls := $redis.urls -}}
{{- if $redis.bundled.enabled }}{{ $urls = list (printf "redis://%s-redis.%s.svc.%s:6379" (include "ovsdb-ha.fullname" .) .Release.Namespace .Values.clusterDomain) }}{{ end -}}
{{- $store := dict "type" "redis" "urls" $urls "keyPrefix" $redis.keyPrefix -}}
{{- with $redis.username }}{{ $_ := set $store "username" . }}{{ end -}}
{{- if include "ovsdb-ha.hasRedisPassword" . }}{{ $_ := set $store "passwordFile" "/etc/ovsdb-ha/redis/password" }}{{ end -}}
{{- if $redis.tlsSecret }}{{ $_ := set $store "tls" (dict "certificate" "/etc/ovsdb-ha/redis-tls/tls.crt" "privateKey" "/etc/ovsdb-ha/redis-tls/tls.key" "caCertificate" "/etc/ovsdb-ha/redis-tls/ca.crt") }}{{ end -}}
{{- toJson $store -}}
{{- end -}}
{{- end -}}

{{/* For agents: who the controllers are, and nothing else of them, so that a change of their tokens or store restarts no agent. */}}
{{- define "ovsdb-ha.agentConfig" -}}
{{- $names := .Values.controller.outside -}}
{{- range (include "ovsdb-ha.controllers" . | fromJson).items }}{{ $names = append $names .name }}{{ end -}}
{{- $part := dict -}}
{{- if $names -}}
{{- $part = dict "name" (first $names) -}}
{{- if rest $names -}}
{{- $_ := set $part "others" (rest $names) -}}
{{- $_ := set $part "store" (dict "type" "redis" "urls" (list "redis://not-for-agents:6379")) -}}
{{- end -}}
{{- end -}}
{{- include "ovsdb-ha.clusterYaml" (dict "root" . "controller" $part) -}}
{{- end -}}

{{/* dict "root" $ "index" N */}}
{{- define "ovsdb-ha.controllerConfig" -}}
{{- $values := .root.Values -}}
{{- $controllers := (include "ovsdb-ha.controllers" .root | fromJson).items -}}
{{- $self := index $controllers .index -}}
{{- $others := list -}}
{{- range $controllers }}{{ if ne .name $self.name }}{{ $others = append $others (dict "name" .name "url" .url) }}{{ end }}{{ end -}}
{{- $tokens := list -}}
{{- range $values.controller.tokens }}{{ $tokens = append $tokens (dict "name" .name "role" .role "file" (printf "/etc/ovsdb-ha/tokens/%s" .name)) }}{{ end -}}
{{- $part := dict "name" $self.name "listen" $values.controller.listen "port" (int $values.controller.port) "recoveriesAtOnce" (int $values.controller.recoveriesAtOnce) "tokens" $tokens "store" (include "ovsdb-ha.storePart" .root | fromJson) -}}
{{- with $others }}{{ $_ := set $part "others" . }}{{ end -}}
{{- include "ovsdb-ha.clusterYaml" (dict "root" .root "controller" $part) -}}
{{- end -}}

{{/* The file of each Kubernetes node: the name in cluster.yaml of the agent there. */}}
{{- define "ovsdb-ha.nodeFiles" -}}
{{- range (include "ovsdb-ha.nodes" . | fromJson).items -}}
{{- if not .external }}
{{ .kubernetesNode }}: {{ .name | quote }}
{{- end -}}
{{- end -}}
{{- end -}}
