//! What the audit policy writes down.

use super::{Judge, Own, Seen, Topic, fail, pass, unsure};
use serde_json::Value;

pub(super) static TOPIC: Topic = Topic {
    key: "logging/audit-policy",
    group: &["logging"],
    words: &[&["audit policy covers key security concerns"]],
    judge: Judge::Code(judge),
    upstream: "upstream asks for a policy's name; without a place to write to nothing is written",
    script: None,
};

fn judge(seen: &Seen<'_>) -> Own {
    let mut servers = seen.of("kube-apiserver").peekable();
    if servers.peek().is_none() {
        return unsure("no kube-apiserver was seen");
    }
    let mut last = unsure("");
    for server in servers {
        let written =
            server.arguments.has("audit-log-path") || server.arguments.has("audit-webhook-config-file");
        let path = server.arguments.get("audit-policy-file").filter(|path| !path.is_empty());
        last = match path {
            None => fail("--audit-policy-file is not set"),
            Some(_) if !written => fail("neither --audit-log-path nor a webhook is set: nothing is written"),
            Some(path) => {
                let Some(text) = seen.node.content(path)? else {
                    return unsure(format!("there is no {path}"));
                };
                let (documents, _) = yaml::read(text.as_bytes(), &crate::cis::small());
                covers(&documents.into_iter().next().map(|document| document.value).unwrap_or_default(), path)
            }
        };
        if !last.as_ref().is_ok_and(|said| said.holds) {
            break;
        }
    }
    last
}

/// Resources whose requests must be written down, at any level.
const KEY: &[(&str, &str)] = &[
    ("", "secrets"),
    ("", "pods"),
    ("", "pods/exec"),
    ("", "pods/portforward"),
    ("", "pods/proxy"),
    ("", "services/proxy"),
    ("apps", "deployments"),
];

/// Whether the first rule for each writes something. Rules for some users, verbs or namespaces are passed over: what
/// they leave out is theirs, and the next rule decides for everybody else.
fn covers(policy: &Value, path: &str) -> Own {
    let Some(rules) = policy.get("rules").and_then(Value::as_array) else {
        return unsure(format!("{path} holds no rules"));
    };
    for (group, resource) in KEY {
        let level =
            rules.iter().find(|rule| applies(rule, group, resource)).and_then(|rule| rule.get("level"));
        match level.and_then(Value::as_str) {
            None | Some("None") => return fail(format!("{path} writes nothing of {resource}")),
            Some("Request" | "RequestResponse") if *resource == "secrets" => {
                return fail(format!("{path} writes the contents of secrets into the log"));
            }
            Some(_) => {}
        }
    }
    pass(format!("{path} writes down what matters"))
}

fn applies(rule: &Value, group: &str, resource: &str) -> bool {
    let narrow = ["users", "userGroups", "verbs", "namespaces", "nonResourceURLs"];
    if narrow
        .iter()
        .any(|field| rule.get(field).and_then(Value::as_array).is_some_and(|list| !list.is_empty()))
    {
        return false;
    }
    let Some(all) = rule.get("resources").and_then(Value::as_array).filter(|all| !all.is_empty()) else {
        return true;
    };
    all.iter().any(|entry| {
        let named =
            entry.get("resourceNames").and_then(Value::as_array).is_some_and(|names| !names.is_empty());
        let same = entry.get("group").and_then(Value::as_str).unwrap_or_default() == group;
        let fits = |name: &str| {
            name == resource
                || name == "*"
                || name.strip_suffix("/*").is_some_and(|start| resource.starts_with(start))
                || name
                    .strip_prefix("*/")
                    .is_some_and(|end| resource.ends_with(end) && resource.contains('/'))
        };
        let list = entry.get("resources").and_then(Value::as_array).filter(|list| !list.is_empty());
        same && !named && list.is_none_or(|list| list.iter().filter_map(Value::as_str).any(fits))
    })
}

#[cfg(test)]
mod tests {
    use super::covers;
    use serde_json::json;

    #[test]
    fn the_first_rule_that_applies_to_everybody_decides() {
        let holds = |rules| covers(&json!({"rules": rules}), "/p").map(|said| said.holds);
        assert_eq!(holds(json!([{"level": "Metadata"}])), Ok(true));
        assert_eq!(
            holds(json!([{"level": "None", "users": ["system:kube-proxy"]}, {"level": "Metadata"}])),
            Ok(true)
        );
        assert_eq!(
            holds(
                json!([{"level": "None", "resources": [{"group": "", "resources": ["pods/exec"]}]}, {"level": "Metadata"}])
            ),
            Ok(false)
        );
        assert_eq!(holds(json!([{"level": "RequestResponse"}])), Ok(false));
        assert_eq!(holds(json!([])), Ok(false));
        assert!(covers(&json!([]), "/p").is_err());
    }
}
