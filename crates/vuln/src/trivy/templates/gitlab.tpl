{{- /* GitLab's container scanning, version 15 of its schema. */ -}}

{{- define "tool" }}
      "vendor": {
        "name": "Aqua Security"
      },
      "version": "{{ appVersion }}"
    },
{{- end -}}

{{- define "level" -}}
"{{ $known := dict "UNKNOWN" "Unknown" "LOW" "Low" "MEDIUM" "Medium" "HIGH" "High" "CRITICAL" "Critical" }}{{ get $known . | default . }}"
{{- end -}}

{{- $time := now | date "2006-01-02T15:04:05" -}}
{
  "version": "15.0.7",
  "scan": {
    "analyzer": {
      "id": "trivy",
      "name": "Trivy",
      {{- template "tool" }}
    "end_time": "{{ $time }}",
    "scanner": {
      "id": "trivy",
      "name": "Trivy",
      "url": "https://github.com/aquasecurity/trivy/",
      {{- template "tool" }}
    "start_time": "{{ $time }}",
    "status": "success",
    "type": "container_scanning"
  },
{{- $image := "Unknown" -}}
{{- $system := "Unknown" }}
{{- range . -}}
  {{- if eq .Class "os-pkgs" -}}
    {{- $image = regexFind `[^\s]+` .Target -}}
    {{- $system = splitList "(" .Target | last | trimSuffix ")" -}}
  {{- end -}}
{{- end }}
  "vulnerabilities": [
{{- $more := false -}}
{{- range . -}}
{{- range .Vulnerabilities -}}
{{- if $more }},{{ end }}{{ $more = true }}
    {
      "id": "{{ .VulnerabilityID }}",
      "name": {{ printf "%q" .Title }},
      "description": {{ printf "%q" .Description }},
      "severity": {{ template "level" .Severity }},
      "solution": "{{ if .FixedVersion }}Upgrade {{ .PkgName }} to {{ .FixedVersion }}{{ else }}No solution provided{{ end }}",
      "location": {
        "dependency": {
          "package": {
            "name": "{{ .PkgName }}"
          },
          "version": "{{ .InstalledVersion }}"
        },
        "operating_system": "{{ $system }}",
        "image": "{{ $image }}"
      },
      "identifiers": [
        {
          "type": "cve",
          "name": "{{ .VulnerabilityID }}",
          "value": "{{ .VulnerabilityID }}"
          {{- if regexMatch "^(https?|ftp)://.+" .PrimaryURL }},
          "url": "{{ .PrimaryURL }}"
          {{- end }}
        }
      ],
      "links": [
        {{- $some := false }}
        {{- range .References }}
        {{- if regexMatch "^(https?|ftp)://.+" . }}
        {{- if $some }},{{ end }}{{ $some = true }}
        {
          "url": "{{ . }}"
        }
        {{- end }}
        {{- end }}
      ]
    }
{{- end -}}
{{- end }}
  ],
  "remediations": []
}
