{{- /* JUnit's XML: a suite of vulnerabilities and one of checks a target, and what else was found. */ -}}

{{- define "type" }}
    {{- if ne . "" }}
        <properties>
            <property name="type" value="{{ . }}"></property>
        </properties>
    {{- end }}
{{- end -}}

{{- define "lines" }}{{ .StartLine }}{{ if lt .StartLine .EndLine }}:{{ .EndLine }}{{ end }}{{ end -}}

{{- define "cause" -}}
    {{ template "lines" . }}:&#xA;&#xA;Occurrences:&#xA;
    {{- range .Occurrences -}}
        via {{ .Filename }}:{{ template "lines" .Location }} ({{ .Resource }})&#xA;
    {{- end -}}
    &#xA;Code:&#xA;
    {{- range .Code.Lines }}{{ if .IsCause }}{{ escapeXML .Content }}&#xA;{{ end }}{{ end }}&#xA;
{{- end -}}

<?xml version="1.0" ?>
<testsuites name="trivy">
{{- range . -}}
{{- $target := .Target }}
{{- $count := len .Vulnerabilities }}
    <testsuite tests="{{ $count }}" failures="{{ $count }}" name="{{ $target }}" errors="0" skipped="0" time="">
    {{- template "type" .Type }}
    {{- range .Vulnerabilities }}
        <testcase classname="{{ .PkgName }}-{{ .InstalledVersion }}" name="[{{ .Severity }}] {{ .VulnerabilityID }}" time="">
            <failure message="{{ escapeXML .Title }}" type="description">{{ escapeXML .Description }}</failure>
        </testcase>
    {{- end }}
    </testsuite>
{{- with .MisconfSummary }}
    <testsuite tests="{{ add .Successes .Failures }}" failures="{{ .Failures }}" name="{{ $target }}" errors="0" time="">
{{- else }}
    <testsuite tests="0" failures="0" name="{{ $target }}" errors="0" skipped="0" time="">
{{- end }}
    {{- template "type" .Type }}
    {{- range .Misconfigurations }}
        <testcase classname="{{ .Type }}" name="[{{ .Severity }}] {{ .ID }}" time="">
        {{- if eq .Status "FAIL" }}
            <failure message="{{ escapeXML .Title }}" type="description">&#xA;
                {{- $target }}:
                {{- template "cause" .CauseMetadata }}
                {{- escapeXML .Description }}
            </failure>
        {{- end }}
        </testcase>
    {{- end }}
    </testsuite>
{{- with .Licenses }}
    <testsuite tests="{{ len . }}" failures="{{ len . }}" name="{{ $target }}" time="0">
    {{- range . }}
        <testcase classname="{{ .PkgName }}" name="[{{ .Severity }}] {{ .Name }}">
            <failure/>
        </testcase>
    {{- end }}
    </testsuite>
{{- end }}
{{- with .Secrets }}
    <testsuite tests="{{ len . }}" failures="{{ len . }}" name="{{ $target }}" time="0">
    {{- range . }}
        <testcase classname="{{ .RuleID }}" name="[{{ .Severity }}] {{ .Title }}">
            <failure message="{{ .Title }}" type="description">{{ escapeXML .Match }}</failure>
        </testcase>
    {{- end }}
    </testsuite>
{{- end }}
{{- end }}
</testsuites>
