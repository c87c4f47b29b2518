{{/*
What would leave a pod that never becomes ready, or silence where somebody expects figures. The configuration itself
is Sidelight's to judge: helm template ... | sidelight check -
Takes the scope.
*/}}
{{- define "sidelight.check" -}}
{{- $values := .values -}}
{{- $config := include "sidelight.configMapping" . | fromYaml -}}
{{- if and (eq $values.image.tag "latest") (not $values.image.digest) -}}
  {{- fail "sidelight: image.tag is latest, which is another program every day; name a version, or a digest" -}}
{{- end -}}
{{- if hasKey $values.rules "sidelight.yaml" -}}
  {{- fail "sidelight: rules has the name sidelight.yaml, which is the configuration's; give the rule file another" -}}
{{- end -}}
{{- if not $config.taps -}}
  {{- fail "sidelight: config.taps has no tap, so there is nothing to measure; docs/configuration.md shows how one looks" -}}
{{- end -}}
{{- $names := list -}}
{{- range (include "sidelight.ports" . | fromJson).ports -}}
  {{- $names = append $names .name -}}
{{- end -}}
{{- if not (has "sidelight-probe" $names) -}}
  {{- fail (printf "sidelight: config.probe_listen is %q, where the kubelet cannot ask; listen on all addresses: 0.0.0.0:9465" $config.probe_listen) -}}
{{- end -}}
{{- $scraped := or $values.podMonitor.enabled $values.serviceMonitor.enabled $values.service.enabled $values.prometheusAnnotations.enabled -}}
{{- if and $scraped (not (has "sidelight" $names)) -}}
  {{- fail (printf "sidelight: config.listen is %q, where no Prometheus can scrape; listen on all addresses, 0.0.0.0:9464, or turn podMonitor, serviceMonitor, service and prometheusAnnotations off" $config.listen) -}}
{{- end -}}
{{- if and $values.serviceMonitor.enabled (not $values.service.enabled) -}}
  {{- fail "sidelight: serviceMonitor.enabled needs service.enabled, as it finds the pods through that Service" -}}
{{- end -}}
{{- if and (eq $values.storage.volume "existingClaim") (not $values.storage.existingClaim) -}}
  {{- fail "sidelight: storage.volume is existingClaim, and storage.existingClaim names none" -}}
{{- end -}}
{{- include "sidelight.checkNames" . -}}
{{- include "sidelight.checkMemory" . -}}
{{- end -}}

{{/* What values say twice, or the chart says already. Takes the scope. */}}
{{- define "sidelight.checkNames" -}}
{{- $values := .values -}}
{{- include "sidelight.refuseOwn" (dict "of" "podLabels" "given" $values.podLabels "own" (list "sidelight/name")) -}}
{{- $annotations := list "sidelight/restarts-with" -}}
{{- if $values.prometheusAnnotations.enabled -}}
  {{- $annotations = concat $annotations (list "prometheus.io/scrape" "prometheus.io/port" "prometheus.io/path") -}}
{{- end -}}
{{- include "sidelight.refuseOwn" (dict "of" "podAnnotations" "given" $values.podAnnotations "own" $annotations) -}}
{{- include "sidelight.refuseOwn" (dict "of" "service.labels" "given" $values.service.labels "own" (list "sidelight/name")) -}}
{{- range $name := list "podMonitor" "serviceMonitor" -}}
  {{- $monitor := get $values $name -}}
  {{- include "sidelight.refuseOwn" (dict "of" (printf "%s.spec" $name) "given" $monitor.spec "own" (list "selector" "podMetricsEndpoints" "endpoints")) -}}
  {{- include "sidelight.refuseOwn" (dict "of" (printf "%s.endpoint" $name) "given" $monitor.endpoint "own" (list "port" "path" "interval" "scrapeTimeout" "relabelings" "metricRelabelings")) -}}
{{- end -}}
{{- $variables := list "OTEL_SERVICE_NAME" "POD_NAME" "POD_NAMESPACE" "POD_UID" "NODE_NAME" "CONTAINER_NAME" "OTEL_RESOURCE_ATTRIBUTES" -}}
{{- $files := list -}}
{{- range $values.secrets -}}
  {{- if .env -}}{{- $variables = append $variables .env -}}{{- else -}}{{- $files = append $files .file -}}{{- end -}}
{{- end -}}
{{- range $values.extraEnv -}}{{- $variables = append $variables .name -}}{{- end -}}
{{- include "sidelight.refuseTwice" (list "secrets and extraEnv" "the variable" $variables) -}}
{{- include "sidelight.refuseTwice" (list "secrets" "the file" $files) -}}
{{- $volumes := list "sidelight-config" "sidelight-secrets" "sidelight-storage" -}}
{{- range $values.extraVolumes -}}{{- $volumes = append $volumes .name -}}{{- end -}}
{{- include "sidelight.refuseTwice" (list "extraVolumes" "the volume" $volumes) -}}
{{- $paths := list "/etc/sidelight" "/run/sidelight/secrets" -}}
{{- with include "sidelight.storagePath" . -}}{{- $paths = append $paths . -}}{{- end -}}
{{- range $values.extraVolumeMounts -}}{{- $paths = append $paths .mountPath -}}{{- end -}}
{{- include "sidelight.refuseTwice" (list "config.storage.path and extraVolumeMounts" "the folder" $paths) -}}
{{- end -}}

{{/* Fails when `given`, the value of the key `of`, says what the chart says itself: one of the keys `own`. */}}
{{- define "sidelight.refuseOwn" -}}
{{- range $key := .own -}}
  {{- if hasKey $.given $key -}}
    {{- fail (printf "sidelight: %s has the key %s, which the chart says itself" $.of $key) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Fails when a name is there twice. Takes a list: the keys that they come from, what they are, and they. */}}
{{- define "sidelight.refuseTwice" -}}
{{- $from := index . 0 -}}
{{- $what := index . 1 -}}
{{- $seen := dict -}}
{{- range $name := index . 2 -}}
  {{- if hasKey $seen $name -}}
    {{- fail (printf "sidelight: %s: %s %s is there twice, or is one of the chart's own" $from $what $name) -}}
  {{- end -}}
  {{- $_ := set $seen $name true -}}
{{- end -}}
{{- end -}}

{{/* A limit that the samples alone may reach would end the process in the middle of its work. Takes the scope. */}}
{{- define "sidelight.checkMemory" -}}
{{- $given := (.values.resources.limits | default dict).memory | default "" -}}
{{- $storage := .values.config.storage | default dict -}}
{{- $samples := $storage.memory | default "64MiB" -}}
{{- $limit := include "sidelight.kibibytes" $given | int -}}
{{- if and $limit (lt $limit (add (include "sidelight.kibibytes" $samples) 32768 | int)) -}}
  {{- fail (printf "sidelight: resources.limits.memory is %v, and config.storage.memory lets samples take %v; the limit is at least 32Mi more, for the rest of the process" $given $samples) -}}
{{- end -}}
{{- end -}}

{{/* A whole number of Kubernetes' or of Sidelight's units in KiB; 0 of anything else. */}}
{{- define "sidelight.kibibytes" -}}
{{- $units := dict "Ki" 1 "KiB" 1 "k" 1 "M" 976 "Mi" 1024 "MiB" 1024 "G" 976562 "Gi" 1048576 "GiB" 1048576 -}}
{{- $unit := regexFind "[A-Za-z]+$" (toString .) -}}
{{- if and (regexMatch "^[0-9]+[A-Za-z]+$" (toString .)) (hasKey $units $unit) -}}
{{- mul (regexFind "^[0-9]+" . | int64) (get $units $unit) -}}
{{- else -}}
0
{{- end -}}
{{- end -}}
