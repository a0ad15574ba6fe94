{{- /* GitLab's code quality: one issue a vulnerability, check and secret. */ -}}

{{- define "issue" }}
    {
      "type": "issue",
      "check_name": "container_scanning",
      "categories": [ "Security" ],
      "description": {{ join " - " .words | printf "%q" }},
      "fingerprint": "{{ join "" .marks | sha1sum }}",
      "content": {{ printf "%q" .content }},
      "severity": "{{ get (dict "MEDIUM" "minor" "HIGH" "major" "CRITICAL" "critical") .severity | default "info" }}",
      "location": {
        "path": "{{ .path }}",
        "lines": {
          "begin": {{ .line }}
        }
      }
    }
{{- end -}}

[
{{- $more := false -}}
{{- range . -}}
  {{- $path := .Target -}}
  {{- range .Vulnerabilities -}}
    {{- if $more }},{{ end }}{{ $more = true -}}
    {{- template "issue" dict "words" (list .VulnerabilityID .PkgName .InstalledVersion .Title) "marks" (list .VulnerabilityID .PkgName .InstalledVersion $path) "content" .Description "severity" .Severity "path" $path "line" 0 -}}
  {{- end -}}
  {{- range .Misconfigurations -}}
    {{- if $more }},{{ end }}{{ $more = true -}}
    {{- template "issue" dict "words" (list "Misconfig" .ID .Title) "marks" (list .ID .Title $path) "content" .Description "severity" .Severity "path" $path "line" .CauseMetadata.StartLine -}}
  {{- end -}}
  {{- range .Secrets -}}
    {{- if $more }},{{ end }}{{ $more = true -}}
    {{- template "issue" dict "words" (list "Secret" .RuleID .Title) "marks" (list .RuleID .Title $path) "content" .Title "severity" .Severity "path" $path "line" .StartLine -}}
  {{- end -}}
{{- end }}
]
