{{- /* The image of a service or server: its own reference, or the repository, its name and the tag. */}}
{{- define "voting.image" }}
{{- $images := (index . 0).Values.images }}
{{- $name := index . 1 }}
{{- index $images.references $name | default (printf "%s/%s:%s" $images.repository $name $images.tag) }}
{{- end }}

{{- /* A ConfigMap's settings: the defaults of _settings.tpl, then the values. */}}
{{- define "voting.settings" }}
{{- $root := index . 0 }}
{{- $name := index . 1 }}
{{- $defaults := include (printf "voting.settings.%s" $name) $root | fromYaml }}
{{- mergeOverwrite $defaults (index $root.Values.settings $name | default dict) | toYaml }}
{{- end }}

{{- /* Changes when one of these ConfigMaps does, so that pods restart. */}}
{{- define "voting.checksum" }}
{{- $root := first . }}
{{- $all := "" }}
{{- range rest . }}
{{- $all = print $all (include "voting.settings" (list $root .)) "\n" }}
{{- end }}
{{- $all | sha256sum | trunc 16 | quote }}
{{- end }}
