{{/*
sidelight.yaml as Sidelight reads it: `config`, without a path where nothing is mounted, and the names of `rules` in its
rule_files. Takes the scope.
*/}}
{{- define "sidelight.configMapping" -}}
{{- $config := .values.config -}}
{{- if .values.demo.enabled -}}
  {{- $own := ternary $config (omit $config "taps") (not (empty $config.taps)) -}}
  {{- $config = mergeOverwrite (include "sidelight.demoConfig" .demo | fromYaml) (deepCopy $own) -}}
{{- end -}}
{{- if eq .values.storage.volume "none" -}}
  {{- $storage := omit ($config.storage | default dict) "path" -}}
  {{- $config = omit $config "storage" -}}
  {{- with $storage -}}{{- $config = merge (dict "storage" .) $config -}}{{- end -}}
{{- end -}}
{{- with .values.rules -}}
  {{- $files := concat ($config.rule_files | default list) (keys . | sortAlpha) | uniq -}}
  {{- $config = merge (dict "rule_files" $files) $config -}}
{{- end -}}
{{- /* To helm these two words are false and true, to Sidelight they are words. */ -}}
{{- range $config.taps -}}
  {{- if kindIs "bool" .proxy_protocol -}}{{- $_ := set . "proxy_protocol" (ternary "on" "off" .proxy_protocol) -}}{{- end -}}
{{- end -}}
{{- with $config.web -}}
  {{- if kindIs "bool" .lifecycle -}}{{- $_ := set . "lifecycle" (ternary "on" "off" .lifecycle) -}}{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/*
The port of an address, or nothing when no other pod reaches it: of a unix socket or the loopback device. Takes a
dictionary of the address and the key that it is the value of.
*/}}
{{- define "sidelight.portOf" -}}
{{- $host := regexReplaceAll ":[0-9]+$" .address "" -}}
{{- if not (or (hasPrefix "unix:" .address) (regexMatch "^(127\\.[0-9.]+|localhost|\\[::1\\])$" $host)) -}}
  {{- if not (regexMatch ":[0-9]{1,5}$" .address) -}}
    {{- fail (printf "sidelight: config.%s is %q, which does not end in a port; write it as 0.0.0.0:8080, as the container's port is made of it" .key .address) -}}
  {{- end -}}
  {{- $port := regexFind "[0-9]+$" .address | int -}}
  {{- if or (lt $port 1) (gt $port 65535) -}}
    {{- fail (printf "sidelight: config.%s is %q; a port is from 1 to 65535, and one that is chosen at the start (0) cannot be told to Kubernetes" .key .address) -}}
  {{- end -}}
  {{- $port -}}
{{- end -}}
{{- end -}}

{{/*
The container's ports as JSON, all made of the configuration: a list of {name, port, key}. That of /metrics is called
sidelight, that of the probes sidelight-probe, and a tap's as the tap. Takes the scope.
*/}}
{{- define "sidelight.ports" -}}
{{- $config := include "sidelight.configMapping" . | fromYaml -}}
{{- $addresses := list
      (dict "name" "sidelight" "key" "listen" "address" ($config.listen | default "0.0.0.0:9464"))
      (dict "name" "sidelight-probe" "key" "probe_listen" "address" ($config.probe_listen | default "0.0.0.0:9465")) -}}
{{- range $i, $tap := $config.taps -}}
  {{- $name := $tap.name | default "" | lower | replace "_" "-" -}}
  {{- $addresses = append $addresses (dict "name" $name "key" (printf "taps[%d].listen" $i) "address" ($tap.listen | default "")) -}}
{{- end -}}
{{- $ports := list -}}
{{- $names := dict -}}
{{- $numbers := dict -}}
{{- range $addresses -}}
  {{- $port := include "sidelight.portOf" . -}}
  {{- if $port -}}
    {{- if not (and (regexMatch "^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$" .name) (regexMatch "[a-z]" .name) (not (contains "--" .name))) -}}
      {{- fail (printf "sidelight: the tap of config.%s is called %q, which cannot be the name of a container's port: at most 15 letters, digits and dashes, with a letter" .key .name) -}}
    {{- end -}}
    {{- if hasKey $names .name -}}
      {{- fail (printf "sidelight: config.%s and config.%s would both be the port %q; give the tap another name" (get $names .name) .key .name) -}}
    {{- end -}}
    {{- if hasKey $numbers $port -}}
      {{- fail (printf "sidelight: config.%s and config.%s are both port %s" (get $numbers $port) .key $port) -}}
    {{- end -}}
    {{- $_ := set $names .name .key -}}
    {{- $_ := set $numbers $port .key -}}
    {{- $ports = append $ports (dict "name" .name "port" (int $port) "key" .key) -}}
  {{- end -}}
{{- end -}}
{{- dict "ports" $ports | toJson -}}
{{- end -}}

{{/* Whether there is anything for these values to run: no taps, no sidecar. Takes the scope. */}}
{{- define "sidelight.isConfigured" -}}
{{- if and .values.enabled (or .values.config.taps .values.demo.enabled) -}}true{{- end -}}
{{- end -}}

{{/* A duration of the configuration ("1m30s", 5, "100ms") in whole seconds, rounded up. */}}
{{- define "sidelight.seconds" -}}
{{- $milliseconds := 0 -}}
{{- $units := dict "d" 86400000 "h" 3600000 "m" 60000 "s" 1000 "ms" 1 -}}
{{- range regexFindAll "[0-9]+(ms|d|h|m|s)" (toString .) -1 -}}
  {{- $unit := regexFind "[a-z]+$" . -}}
  {{- $milliseconds = add $milliseconds (mul (trimSuffix $unit . | int) (get $units $unit)) -}}
{{- end -}}
{{- div (add $milliseconds 999) 1000 -}}
{{- end -}}
