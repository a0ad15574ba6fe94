{{- /* AWS Security Finding Format: one finding a vulnerability, failed check and secret. */ -}}

{{- define "start" }}{
            "SchemaVersion": "2018-10-08",
            "Id": "{{ .id }}",
            "ProductArn": "arn:aws:securityhub:{{ env "AWS_REGION" }}::product/aquasecurity/aquasecurity",
            "GeneratorId": "{{ .generator }}",
            "AwsAccountId": "{{ env "AWS_ACCOUNT_ID" }}",
            "Types": [ "{{ .type }}" ],
            {{- $time := now | date "2006-01-02T15:04:05.999999999Z07:00" }}
            "CreatedAt": "{{ $time }}",
            "UpdatedAt": "{{ $time }}",
            "Severity": {
                "Label": "{{ ternary "INFORMATIONAL" .severity (eq .severity "UNKNOWN") }}"
            },
{{- end -}}

{{- define "short" -}}
    {{- $text := . -}}
    {{- if gt (len $text) 512 }}{{ $text = printf "%v .." (substr 0 512 $text) }}{{ end -}}
    {{- escapeString $text | printf "%q" -}}
{{- end -}}

{{- define "where" }}
            "ProductFields": { "Product Name": "Trivy" },
            "Resources": [
                {
                    "Type": "{{ .type }}",
                    "Id": "{{ .id }}",
                    "Partition": "aws",
                    "Region": "{{ env "AWS_REGION" }}",
                    "Details": {
{{- end -}}

{{- define "end" }}
                        }
                    }
                }
            ],
            "RecordState": "ACTIVE"
        }
{{- end -}}

{
    "Findings": [
{{- $more := false -}}
{{- range . -}}
{{- $target := .Target -}}
{{- $image := $target -}}
{{- if gt (len $image) 127 }}{{ $image = print "..." (regexFind ".{124}$" $image) }}{{ end -}}
{{- range .Vulnerabilities -}}
{{- if $more }},{{ end }}{{ $more = true }}
        {{ template "start" dict "id" (print $target "/" .VulnerabilityID) "generator" (print "Trivy/" .VulnerabilityID) "type" "Software and Configuration Checks/Vulnerabilities/CVE" "severity" .Severity }}
            "Title": "Trivy found a vulnerability to {{ .VulnerabilityID }} in container {{ $target }}, related to {{ .PkgName }}",
            "Description": {{ template "short" .Description }},
            {{ if .PrimaryURL -}}
            "Remediation": {
                "Recommendation": {
                    "Text": "More information on this vulnerability is provided in the hyperlink",
                    "Url": "{{ .PrimaryURL }}"
                }
            },
            {{ end -}}
            {{- $nvd := index .CVSS (sourceID "nvd") -}}
            "ProductFields": { "Product Name": "Trivy" },
            "Resources": [
                {
                    "Type": "Container",
                    "Id": "{{ $target }}",
                    "Partition": "aws",
                    "Region": "{{ env "AWS_REGION" }}",
                    "Details": {
                        "Container": { "ImageName": "{{ $image }}" },
                        "Other": {
                            "CVE ID": "{{ .VulnerabilityID }}",
                            "CVE Title": {{ printf "%q" .Title }},
                            "PkgName": "{{ .PkgName }}",
                            "Installed Package": "{{ .InstalledVersion }}",
                            "Patched Package": "{{ .FixedVersion }}",
                            "NvdCvssScoreV3": "{{ $nvd.V3Score }}",
                            "NvdCvssVectorV3": "{{ $nvd.V3Vector }}",
                            "NvdCvssScoreV2": "{{ $nvd.V2Score }}",
                            "NvdCvssVectorV2": "{{ $nvd.V2Vector }}"
                            {{- template "end" }}
{{- end -}}
{{- range .Misconfigurations -}}
{{- if $more }},{{ end }}{{ $more = true }}
        {{ template "start" dict "id" (print $target "/" .ID) "generator" (print "Trivy/" .ID) "type" "Software and Configuration Checks" "severity" .Severity }}
            "Title": "Trivy found a misconfiguration in {{ $target }}: {{ escapeString .Title }}",
            "Description": {{ template "short" .Description }},
            "Remediation": {
                "Recommendation": {
                    "Text": "{{ .Resolution }}",
                    "Url": "{{ .PrimaryURL }}"
                }
            },
            {{- template "where" dict "type" "Other" "id" $target }}
                        "Other": {
                            "Message": "{{ escapeString .Message }}",
                            "Filename": "{{ $target }}",
                            "StartLine": "{{ .CauseMetadata.StartLine }}",
                            "EndLine": "{{ .CauseMetadata.EndLine }}"
                            {{- template "end" }}
{{- end -}}
{{- range .Secrets -}}
{{- if $more }},{{ end }}{{ $more = true -}}
        {{ template "start" dict "id" $target "generator" "Trivy" "type" "Sensitive Data Identifications" "severity" .Severity }}
            {{- $title := print "Trivy found a secret in " $target ": " .Title }}
            "Title": "{{ $title }}",
            "Description": "{{ $title }}",
            {{- template "where" dict "type" "Other" "id" $target }}
                        "Other": {
                            "Filename": "{{ $target }}"
                            {{- template "end" }}
{{- end -}}
{{- end }}
    ]
}
