{{/* A strategic merge patch for the workload that runs the ovsdb-servers. The pod shares its process ids (the agent looks at the servers' processes) and the node's network (virtual addresses, guard). */}}
{{- define "ovsdb-ha.sidecarPatch" -}}
{{- $root := .root -}}
{{- $agent := $root.Values.agent -}}
{{- $handOver := and $root.Values.controller.enabled $agent.handOver.enabled -}}
spec:
  template:
    metadata:
      annotations:
        checksum/ovsdb-ha: {{ include "ovsdb-ha.agentChecksum" $root }}
    spec:
      hostNetwork: true
      dnsPolicy: ClusterFirstWithHostNet
      shareProcessNamespace: true
      terminationGracePeriodSeconds: {{ int $agent.terminationGracePeriodSeconds }}
      containers:
        - name: ovsdb-ha-agent
          image: {{ include "ovsdb-ha.image" (dict "root" $root "image" $agent.image) | quote }}
          imagePullPolicy: {{ $agent.image.pullPolicy }}
          {{- include "ovsdb-ha.agentArgs" . | nindent 10 }}
          env:
            {{- include "ovsdb-ha.agentEnv" (dict "root" $root "handOver" $handOver "ownPids" false) | nindent 12 }}
          ports:
            - { name: agent, containerPort: {{ int $agent.port }}, protocol: TCP }
          {{- if $handOver }}
          {{- include "ovsdb-ha.handOverHook" $root | nindent 10 }}
          {{- end }}
          {{- include "ovsdb-ha.agentProbes" . | nindent 10 }}
          {{- include "ovsdb-ha.agentSecurityContext" $root | nindent 10 }}
          resources:
            {{- toYaml $agent.resources | nindent 12 }}
          volumeMounts:
            - { name: ovsdb-ha-config, mountPath: /etc/ovsdb-ha/cluster.yaml, subPath: cluster.yaml, readOnly: true }
            - { name: ovsdb-ha-nodes, mountPath: /etc/ovsdb-ha/nodes, readOnly: true }
            {{- if ne $root.Values.tls.source "insecure" }}
            - { name: ovsdb-ha-tls, mountPath: /etc/ovsdb-ha/tls, readOnly: true }
            {{- end }}
            {{- if $handOver }}
            - { name: ovsdb-ha-scripts, mountPath: /etc/ovsdb-ha/scripts, readOnly: true }
            - { name: ovsdb-ha-token, mountPath: /etc/ovsdb-ha/tokens, readOnly: true }
            {{- end }}
            - { name: ovsdb-ha-state, mountPath: {{ $agent.stateDirectory }} }
            - { name: ovsdb-ha-run, mountPath: {{ $agent.runDirectory }} }
            - { name: ovsdb-ha-tmp, mountPath: /tmp }
            - { name: {{ $agent.sidecar.runVolume }}, mountPath: {{ $agent.sidecar.runMountPath }} }
            - { name: {{ $agent.sidecar.dataVolume }}, mountPath: {{ $agent.sidecar.dataMountPath }} }
      volumes:
        {{- $full := include "ovsdb-ha.fullname" $root }}
        - { name: ovsdb-ha-config, configMap: { name: {{ $full }}-agent } }
        - { name: ovsdb-ha-nodes, configMap: { name: {{ $full }}-nodes } }
        - { name: ovsdb-ha-run, emptyDir: {} }
        - { name: ovsdb-ha-tmp, emptyDir: {} }
        - { name: ovsdb-ha-state, hostPath: { path: {{ $agent.stateDirectory }}, type: DirectoryOrCreate } }
        {{- if $root.Values.tls.agentHostPath }}
        - { name: ovsdb-ha-tls, hostPath: { path: {{ $root.Values.tls.agentHostPath }}, type: Directory } }
        {{- else if ne $root.Values.tls.source "insecure" }}
        {{- include "ovsdb-ha.tlsVolume" . | replace "name: tls\n" "name: ovsdb-ha-tls\n" | nindent 8 }}
        {{- end }}
        {{- if $handOver }}
        - { name: ovsdb-ha-scripts, configMap: { name: {{ $full }}-scripts } }
        {{- include "ovsdb-ha.tokenVolume" (dict "root" $root "token" $agent.handOver.token) | replace "name: token\n" "name: ovsdb-ha-token\n" | nindent 8 }}
        {{- end }}
{{- end -}}
