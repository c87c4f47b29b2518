{{/*
Where the values are. Named templates see the chart that calls them: this one's own templates have them in .Values, a
team's chart has them in .Values.sidelight, or below the alias of its dependency, which it then names:

  {{ include "sidelight.container" . }}
  {{ include "sidelight.container" (list . "sidelight-worker") }}

Gives what all templates work with as JSON: values, fullname, and what the demo is configured with.
*/}}
{{- define "sidelight.scope" -}}
{{- $context := . -}}
{{- $name := "sidelight" -}}
{{- $values := dict -}}
{{- $demo := "" -}}
{{- if kindIs "slice" . -}}
  {{- if ne (len .) 2 -}}
    {{- fail "sidelight: a list is given as (list . \"ALIAS\"), with the alias that Chart.yaml has for the dependency" -}}
  {{- end -}}
  {{- $context = index . 0 -}}
  {{- $name = index . 1 -}}
  {{- $values = index $context.Values $name | default dict -}}
{{- else if hasKey .Values "nativeSidecar" -}}
  {{- $name = .Chart.Name -}}
  {{- $values = .Values -}}
  {{- $demo = .Files.Get "demo/sidelight.yaml" -}}
{{- else -}}
  {{- $values = .Values.sidelight | default dict -}}
{{- end -}}
{{- if not (hasKey $values "nativeSidecar") -}}
  {{- fail (printf "sidelight: %s has no dependency whose values are at .Values.%s; where the dependency has an alias, say (list . \"ALIAS\") instead of the dot" $context.Chart.Name $name) -}}
{{- end -}}
{{- if and $values.demo.enabled (not $demo) -}}
  {{- fail (printf "sidelight: %s.demo.enabled is for this chart by itself; in the chart %s there is a backend to measure" $name $context.Chart.Name) -}}
{{- end -}}
{{- $release := $context.Release.Name -}}
{{- $name = $values.nameOverride | default $name -}}
{{- $fullname := ternary $release (printf "%s-%s" $release $name) (contains $name $release) -}}
{{- $fullname = $values.fullnameOverride | default $fullname | trunc 52 | trimSuffix "-" -}}
{{- dict "values" $values "fullname" $fullname "demo" $demo | toJson -}}
{{- end -}}

{{/* The labels of an object of this chart; of its own templates only. Takes a list of the dot and further labels. */}}
{{- define "sidelight.labels" -}}
{{- $further := index . 1 -}}
{{- with index . 0 -}}
{{- $own := dict
      "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
      "app.kubernetes.io/name" .Chart.Name
      "app.kubernetes.io/instance" .Release.Name
      "app.kubernetes.io/version" .Chart.AppVersion
      "app.kubernetes.io/managed-by" .Release.Service -}}
{{- merge (dict) $further .Values.commonLabels $own | toYaml -}}
{{- end -}}
{{- end -}}

{{/* What tells the pods with this Sidelight from all others. */}}
{{- define "sidelight.selectorLabels" -}}
{{- $scope := include "sidelight.scope" . | fromJson -}}
sidelight/name: {{ $scope.fullname | quote }}
{{- end -}}
