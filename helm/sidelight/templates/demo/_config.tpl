{{/*
What the demo's Sidelight is configured with: the tap of the shop's own file, at ports that are known. Its other taps
have nobody behind them, as the shop keeps its things in memory. Takes that file.
*/}}
{{- define "sidelight.demoConfig" -}}
{{- $shop := fromYaml . -}}
{{- $taps := list -}}
{{- range $shop.taps -}}
  {{- if eq .name "api" -}}
    {{- $taps = append $taps (merge (dict "listen" "0.0.0.0:8080" "upstream" "127.0.0.1:8081") .) -}}
  {{- end -}}
{{- end -}}
{{- dict "service" $shop.service "taps" $taps "packs" (list "http" "slo" "sidelight") | toYaml -}}
{{- end -}}

{{- define "sidelight.demoSelector" -}}
app.kubernetes.io/instance: {{ .context.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* The image that runs the demo's Python, and where its files are. Takes the values. */}}
{{- define "sidelight.demoPython" -}}
image: {{ include "sidelight.image" .demo.image | quote }}
imagePullPolicy: {{ .demo.image.pullPolicy }}
env:
  - {name: PYTHONDONTWRITEBYTECODE, value: "1"}
  - {name: PYTHONUNBUFFERED, value: "1"}
securityContext:
  {{- include "sidelight.securityContext" .securityContext | nindent 2 }}
volumeMounts:
  - {name: shop, mountPath: /shop, readOnly: true}
{{- end -}}

{{/* What a pod of the demo has around its containers. Takes the dot. */}}
{{- define "sidelight.demoPod" -}}
serviceAccountName: {{ include "sidelight.serviceAccountName" . }}
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  fsGroup: {{ .Values.securityContext.runAsGroup | int64 }}
  seccompProfile: {type: RuntimeDefault}
{{- end -}}
