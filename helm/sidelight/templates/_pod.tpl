{{/*
What a team's chart includes in its own pods. Each takes the dot, or (list . "ALIAS"), and gives nothing when
`enabled` is false.

  metadata:
    labels:
      {{- include "sidelight.podLabels" . | nindent 6 }}
  spec:
    initContainers:
      {{- include "sidelight.container" . | nindent 6 }}
    volumes:
      {{- include "sidelight.volumes" . | nindent 6 }}
*/}}

{{/* The container, as an item of initContainers; with nativeSidecar: false of containers. */}}
{{- define "sidelight.container" -}}
{{- $scope := include "sidelight.scope" . | fromJson -}}
{{- if $scope.values.enabled -}}
{{- include "sidelight.check" $scope -}}
{{- include "sidelight.containerOf" $scope -}}
{{- end -}}
{{- end -}}

{{- define "sidelight.containerOf" -}}
{{- $values := .values -}}
{{- $config := include "sidelight.configMapping" . | fromYaml -}}
- name: {{ $values.containerName | quote }}
  image: {{ include "sidelight.image" $values.image | quote }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  {{- if $values.nativeSidecar }}
  # A sidecar: it starts before the containers of the pod and ends after them.
  restartPolicy: Always
  {{- end }}
  args: [run, --config, /etc/sidelight/sidelight.yaml]
  env:
    {{- if not $config.service }}
    - name: OTEL_SERVICE_NAME
      valueFrom: {fieldRef: {fieldPath: "metadata.labels['app.kubernetes.io/name']"}}
    {{- end }}
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    - name: POD_NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    - name: POD_UID
      valueFrom: {fieldRef: {fieldPath: metadata.uid}}
    - name: NODE_NAME
      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
    - name: CONTAINER_NAME
      value: {{ $values.containerName | quote }}
    {{- with $values.resourceAttributes }}
    - name: OTEL_RESOURCE_ATTRIBUTES
      value: {{ include "sidelight.resourceAttributes" . | quote }}
    {{- end }}
    {{- range $values.secrets }}
    {{- if .env }}
    - name: {{ .env }}
      valueFrom: {secretKeyRef: {name: {{ .secretName | quote }}, key: {{ .secretKey | quote }}, optional: {{ .optional | default false }}}}
    {{- end }}
    {{- end }}
    {{- with $values.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    {{- range (include "sidelight.ports" . | fromJson).ports }}
    - {name: {{ .name }}, containerPort: {{ .port }}, protocol: TCP}
    {{- end }}
  startupProbe:
    httpGet: {path: /-/ready, port: sidelight-probe}
    {{- toYaml $values.probes.startup | nindent 4 }}
  # Ready is: the taps listen and do not drain. Neither the backend nor any destination has a say in it.
  readinessProbe:
    httpGet: {path: /-/ready, port: sidelight-probe}
    {{- toYaml $values.probes.readiness | nindent 4 }}
  livenessProbe:
    httpGet: {path: /-/healthy, port: sidelight-probe}
    {{- toYaml $values.probes.liveness | nindent 4 }}
  {{- with $values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "sidelight.securityContext" $values.securityContext | nindent 4 }}
  volumeMounts:
    - {name: sidelight-config, mountPath: /etc/sidelight, readOnly: true}
    {{- if include "sidelight.secretFiles" . }}
    - {name: sidelight-secrets, mountPath: /run/sidelight/secrets, readOnly: true}
    {{- end }}
    {{- with include "sidelight.storagePath" . }}
    - {name: sidelight-storage, mountPath: {{ . | quote }}}
    {{- end }}
    {{- with $values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* What the pod gives the container, as items of volumes. */}}
{{- define "sidelight.volumes" -}}
{{- $scope := include "sidelight.scope" . | fromJson -}}
{{- if $scope.values.enabled -}}
{{- include "sidelight.volumesOf" $scope -}}
{{- end -}}
{{- end -}}

{{- define "sidelight.volumesOf" -}}
- name: sidelight-config
  configMap: {name: {{ .fullname | quote }}}
{{- if include "sidelight.secretFiles" . }}
- name: sidelight-secrets
  projected:
    sources:
      {{- range .values.secrets }}
      {{- if .file }}
      - secret: {name: {{ .secretName | quote }}, items: [{key: {{ .secretKey | quote }}, path: {{ .file | quote }}}], optional: {{ .optional | default false }}}
      {{- end }}
      {{- end }}
{{- end }}
{{- $storage := .values.storage }}
{{- if and (include "sidelight.storagePath" .) (ne $storage.volume "volumeClaimTemplate") }}
- name: sidelight-storage
  {{- if eq $storage.volume "emptyDir" }}
  emptyDir:
    sizeLimit: {{ $storage.size | quote }}
  {{- else if eq $storage.volume "ephemeral" }}
  ephemeral:
    volumeClaimTemplate:
      spec:
        {{- include "sidelight.volumeClaim" $storage | nindent 8 }}
  {{- else }}
  persistentVolumeClaim: {claimName: {{ $storage.existingClaim | quote }}}
  {{- end }}
{{- end }}
{{- with .values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* With storage.volume: volumeClaimTemplate, an item of a StatefulSet's volumeClaimTemplates. */}}
{{- define "sidelight.volumeClaimTemplate" -}}
{{- $scope := include "sidelight.scope" . | fromJson -}}
{{- if and $scope.values.enabled (eq $scope.values.storage.volume "volumeClaimTemplate") -}}
- metadata: {name: sidelight-storage}
  spec:
    {{- include "sidelight.volumeClaim" $scope.values.storage | nindent 4 }}
{{- end -}}
{{- end -}}

{{/* By these the chart's monitors, policies and services find the pods. */}}
{{- define "sidelight.podLabels" -}}
{{- $scope := include "sidelight.scope" . | fromJson -}}
{{- if $scope.values.enabled -}}
{{- include "sidelight.selectorLabels" . }}
{{- with $scope.values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
{{- end -}}

{{/*
What is worth a line of annotations: that the pods are replaced when that part of the configuration changes which
takes a restart, and what Prometheus' usual discovery of pods looks for.
*/}}
{{- define "sidelight.podAnnotations" -}}
{{- $scope := include "sidelight.scope" . | fromJson -}}
{{- if $scope.values.enabled -}}
{{- $config := include "sidelight.configMapping" $scope | fromYaml -}}
{{- $fixed := omit $config "log" "rule_files" "packs" "evaluation_interval" "external_labels" "alerting" "exporters" -}}
{{- with ($config.exporters | default dict).queue -}}{{- $fixed = merge (dict "queue" .) $fixed -}}{{- end -}}
sidelight/restarts-with: {{ toJson $fixed | sha256sum | trunc 16 | quote }}
{{- if $scope.values.prometheusAnnotations.enabled }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ include "sidelight.portNamed" (list $scope "sidelight") | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- with $scope.values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* The port of a tap, for a Service's targetPort: include "sidelight.tapPort" (list . "api"), or (list . "ALIAS" "api"). */}}
{{- define "sidelight.tapPort" -}}
{{- $of := ternary (index . 0) (list (index . 0) (index . 1)) (eq (len .) 2) -}}
{{- $scope := include "sidelight.scope" $of | fromJson -}}
{{- include "sidelight.portNamed" (list $scope (last . | lower | replace "_" "-")) -}}
{{- end -}}

{{- define "sidelight.portNamed" -}}
{{- $scope := index . 0 -}}
{{- $name := index . 1 -}}
{{- $found := "" -}}
{{- range (include "sidelight.ports" $scope | fromJson).ports -}}
  {{- if eq .name $name -}}{{- $found = .port -}}{{- end -}}
{{- end -}}
{{- if not $found -}}
  {{- fail (printf "sidelight: there is no port %q that other pods reach; config.listen and config.taps say which there are" $name) -}}
{{- end -}}
{{- $found -}}
{{- end -}}

{{/* How long a pod may take to end: what `limits` lets a drain last, and some seconds for a last export. */}}
{{- define "sidelight.terminationGracePeriodSeconds" -}}
{{- $scope := include "sidelight.scope" . | fromJson -}}
{{- $limits := (include "sidelight.configMapping" $scope | fromYaml).limits | default dict -}}
{{- $drain := include "sidelight.seconds" (hasKey $limits "drain" | ternary $limits.drain "25s") | int -}}
{{- $delay := include "sidelight.seconds" $limits.drain_delay | int -}}
{{- max 30 (add $drain $delay 5) -}}
{{- end -}}

{{- define "sidelight.serviceAccountName" -}}
{{- $scope := include "sidelight.scope" . | fromJson -}}
{{- $account := $scope.values.serviceAccount -}}
{{- if and $account.create (not $scope.values.enabled) -}}
"default"
{{- else -}}
{{- $account.name | default (ternary $scope.fullname "default" $account.create) | quote -}}
{{- end -}}
{{- end -}}

{{- define "sidelight.image" -}}
{{- if .digest }}{{ printf "%s@%s" .repository .digest }}{{ else }}{{ printf "%s:%s" .repository .tag }}{{ end -}}
{{- end -}}

{{/* What the Pod Security Standard "restricted" asks of a container, and a root filesystem that nobody writes. */}}
{{- define "sidelight.securityContext" -}}
runAsNonRoot: true
runAsUser: {{ .runAsUser | int64 }}
runAsGroup: {{ .runAsGroup | int64 }}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "sidelight.volumeClaim" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClassName }}
storageClassName: {{ . | quote }}
{{- end }}
resources: {requests: {storage: {{ .size | quote }}}}
{{- end -}}

{{- define "sidelight.storagePath" -}}
{{- if ne .values.storage.volume "none" -}}{{- (.values.config.storage | default dict).path | default "" -}}{{- end -}}
{{- end -}}

{{- define "sidelight.secretFiles" -}}
{{- range .values.secrets -}}{{- .file | default "" -}}{{- end -}}
{{- end -}}

{{/* OTEL_RESOURCE_ATTRIBUTES: key=value,key=value, percent-encoded. */}}
{{- define "sidelight.resourceAttributes" -}}
{{- $pairs := list -}}
{{- range $key, $value := . -}}
  {{- $pairs = append $pairs (printf "%s=%s" $key (toString $value | urlquery | replace "+" "%20")) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}
