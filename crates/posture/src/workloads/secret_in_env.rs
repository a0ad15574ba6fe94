//! Secrets in environment variables.

use crate::{Check, Report, Run, Workload, report};
use model::{Finding, Grain, Rule, Severity};
use snapshot::{Container, Json};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/secret-in-env",
        title: "Secret is in an environment variable",
        severity: Severity::Low,
        controls: &["CIS 5.4.1", "NSA secrets", "T1552.007"],
        explain: "The environment is inherited by every child, shown by `/proc/PID/environ`, printed by crash \
                  reports and by `kubectl describe` when written out. A value written in the manifest is known to \
                  everyone who reads the repository or may `get pods`. Mount the Secret as a file, or fetch it at \
                  run time.",
    },
    run: Run::Workload(run),
};

/// Ends of names, upper case, that hold secrets.
const NAMES: &[&str] = &[
    "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "SECRET_KEY", "TOKEN", "API_KEY", "APIKEY", "ACCESS_KEY",
    "PRIVATE_KEY", "CREDENTIALS",
];

/// Beginnings of values that are secrets whatever the name says.
const VALUES: &[&str] = &["-----BEGIN ", "AKIA", "ghp_", "github_pat_", "glpat-", "xoxb-", "sk_live_"];

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let mut written = Vec::new();
    let mut taken = Vec::new();
    for container in &workload.containers {
        for (index, variable) in container.json.get("env").items().iter().enumerate() {
            let at = container.pointer(&format!("/env/{index}"));
            if is_written(variable) {
                written.push((variable.get("name").text(), at));
            } else if !variable.at(&["valueFrom", "secretKeyRef"]).is_null() {
                taken.push((variable.get("name").text(), at));
            }
        }
        from_whole(container, &mut taken);
    }
    tell(workload, &written, "written", report);
    tell(workload, &taken, "taken", report);
}

/// A value that stands in the manifest and looks like a secret.
fn is_written(variable: &Json<'_>) -> bool {
    let (name, value) = (variable.get("name").text().to_ascii_uppercase(), variable.get("value").text());
    let reference = value.starts_with("$(") || value.starts_with('/') || value.contains("://") && !value.contains('@');
    let named = NAMES.iter().any(|end| name.ends_with(end)) && !value.is_empty() && !reference;
    named || VALUES.iter().any(|start| value.starts_with(start))
}

fn from_whole<'t>(container: &Container<'t, '_>, taken: &mut Vec<(&'t str, String)>) {
    for (index, source) in container.json.get("envFrom").items().iter().enumerate() {
        let secret = source.at(&["secretRef", "name"]);
        if let Some(name) = secret.str() {
            taken.push((name, container.pointer(&format!("/envFrom/{index}"))));
        }
    }
}

fn tell(workload: &Workload<'_, '_>, found: &[(&str, String)], how: &str, report: &mut Report) {
    let Some((_, first)) = found.first() else { return };
    let names: Vec<_> = found.iter().map(|(name, _)| model::escape(name)).collect();
    let (names, written) = (names.join(", "), how == "written");
    let message = if written {
        format!("{names}: the value stands in the manifest")
    } else {
        format!("{names}: taken from a Secret into the environment")
    };
    let mut finding = Finding::new(&CHECK.rule, workload.target(), workload.evidence(first.clone()), message);
    finding.severity = if written { Severity::High } else { Severity::Low };
    finding.instance = Some(how.to_owned());
    let title = if written {
        "put the value into a Secret, mount it as a file, and change it: it is known"
    } else {
        "mount the Secret as a file"
    };
    let key = format!("{} {} {how}", workload.reference(), CHECK.rule.id);
    finding.fixes.push(report::by_hand(key, Grain::Object, 3, title));
    report.finding(finding);
}

#[cfg(test)]
mod tests {
    use crate::testing::pod;
    use model::Severity;

    fn found(env: &str) -> Vec<Severity> {
        let spec = format!("{{containers: [{{name: a, {env}}}]}}");
        pod("workloads/secret-in-env", &spec).findings.iter().map(|f| f.severity).collect()
    }

    #[test]
    fn written_and_taken() {
        assert_eq!(found("env: [{name: DB_PASSWORD, value: hunter2}]"), [Severity::High]);
        assert_eq!(found("env: [{name: X, value: AKIAIOSFODNN7EXAMPLE}]"), [Severity::High]);
        assert_eq!(found("env: [{name: X, valueFrom: {secretKeyRef: {name: s, key: k}}}]"), [Severity::Low]);
        assert_eq!(found("envFrom: [{secretRef: {name: s}}]"), [Severity::Low]);
    }

    #[test]
    fn paths_and_references_are_no_secrets() {
        assert!(found("env: [{name: TOKEN, value: /var/run/token}, {name: DB_PASSWORD, value: $(OTHER)}]").is_empty());
        assert!(found("env: [{name: TOKEN_URL, value: x}, {name: API_KEY, value: ''}]").is_empty());
    }

    #[test]
    fn the_value_is_never_shown() {
        let spec = "{containers: [{name: a, env: [{name: DB_PASSWORD, value: hunter2}]}]}";
        assert!(!format!("{:?}", pod("workloads/secret-in-env", spec).findings).contains("hunter2"));
    }
}
