{{/*
The endpoint of a PodMonitor or a ServiceMonitor, as an item of its list. `job` becomes the service's name, as Sidelight itself
has it, so that rules and dashboards find the same in both. Takes a list of the scope and the monitor's values.
*/}}
{{- define "sidelight.endpoint" -}}
{{- $service := (include "sidelight.configMapping" (index . 0) | fromYaml).service | default "" -}}
{{- $job := dict "sourceLabels" (list "__meta_kubernetes_pod_label_app_kubernetes_io_name") "regex" "(.+)" "targetLabel" "job" -}}
{{- if and $service (not (contains "$" $service)) -}}
  {{- $job = dict "targetLabel" "job" "replacement" $service -}}
{{- end -}}
{{- /* The Operator's own label, which would take the place of the one that naming plain has. */ -}}
{{- $own := dict "action" "labeldrop" "regex" "endpoint" -}}
{{- with index . 1 -}}
- port: sidelight
  path: /metrics
  interval: {{ .interval }}
  {{- with .scrapeTimeout }}
  scrapeTimeout: {{ . }}
  {{- end }}
  relabelings:
    {{- concat (list $job $own) .relabelings | toYaml | nindent 4 }}
  {{- with .metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .endpoint }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
{{- end -}}
