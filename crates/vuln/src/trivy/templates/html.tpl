{{- /* A page: one table, a section a target. */ -}}

{{- define "none" }}
      <tr><th colspan="6">No {{ . }} found</th></tr>
{{- end -}}

{{- define "heads" }}
      <tr class="sub-header">
      {{- range . }}
        <th>{{ . }}</th>
      {{- end }}
      </tr>
{{- end -}}

<!DOCTYPE html>
<html>
  <head>
    <meta http-equiv="Content-Type" content="text/html; charset=utf-8">
{{- $title := "" }}
{{- with . }}
{{- $title = printf "%s - Trivy Report - %v" (escapeXML (first .).Target) now }}
    <style>
      * {
        font-family: Arial, Helvetica, sans-serif;
      }
      h1 {
        text-align: center;
      }
      .group-header th {
        font-size: 200%;
      }
      .sub-header th {
        font-size: 150%;
      }
      table, th, td {
        border: 1px solid black;
        border-collapse: collapse;
        white-space: nowrap;
        padding: .3em;
      }
      table {
        margin: 0 auto;
      }
      .severity {
        text-align: center;
        font-weight: bold;
        color: #fafafa;
      }
      {{- $colours := list "LOW 5fbb31" "MEDIUM e9c600" "HIGH ff8800" "CRITICAL e40000" "UNKNOWN 747474" }}
      {{- range $colours }}
      {{- $pair := splitList " " . }}
      .severity-{{ first $pair }} .severity { background-color: #{{ last $pair }}; }
      {{- end }}
      {{- range $colours }}
      {{- $pair := splitList " " . }}
      .severity-{{ first $pair }} { background-color: #{{ last $pair }}60; }
      {{- end }}
      table tr td:first-of-type {
        font-weight: bold;
      }
      .links a,
      .links[data-more-links=on] a {
        display: block;
      }
      .links[data-more-links=off] a:nth-of-type(1n+5) {
        display: none;
      }
      a.toggle-more-links { cursor: pointer; }
    </style>
    <title>{{ $title }} </title>
    <script>
      window.onload = function() {
        document.querySelectorAll('td.links').forEach(function(linkCell) {
          var links = [].concat.apply([], linkCell.querySelectorAll('a'));
          [].sort.apply(links, function(a, b) {
            return a.href > b.href ? 1 : -1;
          });
          links.forEach(function(link, idx) {
            if (links.length > 3 && 3 === idx) {
              var toggleLink = document.createElement('a');
              toggleLink.innerText = "Toggle more links";
              toggleLink.href = "#toggleMore";
              toggleLink.setAttribute("class", "toggle-more-links");
              linkCell.appendChild(toggleLink);
            }
            linkCell.appendChild(link);
          });
        });
        document.querySelectorAll('a.toggle-more-links').forEach(function(toggleLink) {
          toggleLink.onclick = function() {
            var expanded = toggleLink.parentElement.getAttribute("data-more-links");
            toggleLink.parentElement.setAttribute("data-more-links", "on" === expanded ? "off" : "on");
            return false;
          };
        });
      };
    </script>
  </head>
  <body>
    <h1>{{ $title }}</h1>
    <table>
    {{- range . }}
      <tr class="group-header"><th colspan="6">{{ escapeXML .Type }}</th></tr>
      {{- with .Vulnerabilities }}
      {{- template "heads" list "Package" "Vulnerability ID" "Severity" "Installed Version" "Fixed Version" "Links" }}
      {{- range . }}
      <tr class="severity-{{ escapeXML .Severity }}">
        <td class="pkg-name">{{ escapeXML .PkgName }}</td>
        <td>{{ escapeXML .VulnerabilityID }}</td>
        <td class="severity">{{ escapeXML .Severity }}</td>
        <td class="pkg-version">{{ escapeXML .InstalledVersion }}</td>
        <td>{{ escapeXML .FixedVersion }}</td>
        <td class="links" data-more-links="off">
          {{- range .References }}
          <a href={{ escapeXML . | printf "%q" }}>{{ escapeXML . }}</a>
          {{- end }}
        </td>
      </tr>
      {{- end }}
      {{- else }}
      {{- template "none" "Vulnerabilities" }}
      {{- end }}
      {{- with .Misconfigurations }}
      {{- template "heads" list "Type" "Misconf ID" "Check" "Severity" "Message" }}
      {{- range . }}
      <tr class="severity-{{ escapeXML .Severity }}">
        <td class="misconf-type">{{ escapeXML .Type }}</td>
        <td>{{ escapeXML .ID }}</td>
        <td class="misconf-check">{{ escapeXML .Title }}</td>
        <td class="severity">{{ escapeXML .Severity }}</td>
        <td class="link" data-more-links="off"  style="white-space:normal;">
          {{ escapeXML .Message }}
          <br>
            <a href={{ escapeXML .PrimaryURL | printf "%q" }}>{{ escapeXML .PrimaryURL }}</a>
          </br>
        </td>
      </tr>
      {{- end }}
      {{- else }}
      {{- template "none" "Misconfigurations" }}
      {{- end }}
    {{- end }}
    </table>
{{- else }}
  </head>
  <body>
    <h1>Trivy Returned Empty Report</h1>
{{- end }}
  </body>
</html>
