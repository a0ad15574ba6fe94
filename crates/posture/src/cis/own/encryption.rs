//! How Secrets are encrypted in etcd: the first provider of the configuration is the one that writes.

use super::{Judge, Own, Seen, Topic, fail, pass, unsure};
use serde_json::Value;

pub(super) static TOPIC: Topic = Topic {
    key: "apiserver/encryption-providers",
    group: &["api server"],
    words: &[&["encryption providers"]],
    judge: Judge::Code(judge),
    upstream: "upstream looks at the first word after the first providers:, and fails nothing when there is no configuration",
    script: None,
};

/// Providers that encrypt with a key worth having.
const GOOD: &[&str] = &["aescbc", "kms", "secretbox"];

fn judge(seen: &Seen<'_>) -> Own {
    let mut servers = seen.of("kube-apiserver").peekable();
    if servers.peek().is_none() {
        return unsure("no kube-apiserver was seen");
    }
    let mut last = pass("");
    for process in servers {
        let Some(path) = process.arguments.get("encryption-provider-config").filter(|path| !path.is_empty())
        else {
            return fail("--encryption-provider-config is not set: Secrets lie in etcd as they are");
        };
        let Some(text) = seen.node.content(path)? else { return unsure(format!("there is no {path}")) };
        let (documents, _) = yaml::read(text.as_bytes(), &crate::cis::small());
        let value = documents.into_iter().next().map(|document| document.value).unwrap_or_default();
        last = of(&value, path);
        if !last.as_ref().is_ok_and(|said| said.holds) {
            break;
        }
    }
    last
}

fn of(value: &Value, path: &str) -> Own {
    let rules = value.get("resources").and_then(Value::as_array).into_iter().flatten();
    for rule in rules {
        let names =
            |resource: &Value| resource.as_str().is_some_and(|name| matches!(name, "secrets" | "*." | "*.*"));
        if !rule.get("resources").and_then(Value::as_array).is_some_and(|all| all.iter().any(names)) {
            continue;
        }
        let first = rule.get("providers").and_then(|providers| providers.get(0)).and_then(Value::as_object);
        let Some(name) = first.and_then(|provider| provider.keys().next()) else {
            return unsure(format!("{path} names no provider for secrets"));
        };
        let said = format!("{name} writes secrets ({path})");
        return if GOOD.contains(&name.as_str()) { pass(said) } else { fail(said) };
    }
    fail(format!("{path} says nothing of secrets"))
}

#[cfg(test)]
mod tests {
    use super::of;
    use serde_json::json;

    #[test]
    fn the_first_provider_writes() {
        let with = |providers| {
            of(
                &json!({"resources": [{"resources": ["configmaps", "secrets"], "providers": providers}]}),
                "/e",
            )
        };
        assert!(with(json!([{"aescbc": {}}, {"identity": {}}])).unwrap().holds);
        assert!(!with(json!([{"identity": {}}, {"aescbc": {}}])).unwrap().holds);
        assert!(with(json!([])).is_err());
        assert!(
            !of(&json!({"resources": [{"resources": ["configmaps"], "providers": [{"kms": {}}]}]}), "/e")
                .unwrap()
                .holds
        );
        assert!(!of(&json!("text"), "/e").unwrap().holds);
    }
}
