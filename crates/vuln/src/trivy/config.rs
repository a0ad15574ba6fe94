//! An image's config in the order reports have it, which is that of go-containerregistry's structs.

use super::Json;

const CONFIG: [&str; 12] = [
    "architecture",
    "author",
    "container",
    "created",
    "docker_version",
    "history",
    "os",
    "rootfs",
    "config",
    "os.version",
    "variant",
    "os.features",
];
const RUN: [&str; 24] = [
    "AttachStderr",
    "AttachStdin",
    "AttachStdout",
    "Cmd",
    "Healthcheck",
    "Domainname",
    "Entrypoint",
    "Env",
    "Hostname",
    "Image",
    "Labels",
    "OnBuild",
    "OpenStdin",
    "StdinOnce",
    "Tty",
    "User",
    "Volumes",
    "WorkingDir",
    "ExposedPorts",
    "ArgsEscaped",
    "NetworkDisabled",
    "MacAddress",
    "StopSignal",
    "Shell",
];
const HISTORY: [&str; 5] = ["author", "created", "created_by", "comment", "empty_layer"];

/// The config, its known fields in order; nothing when it is no JSON object.
pub(crate) fn ordered(text: &str) -> Option<Json> {
    let whole: Json = serde_json::from_str(text).ok()?;
    let mut out = pick(&whole, &CONFIG, &["architecture", "os", "rootfs", "config"])?;
    for (key, value) in &mut out {
        match (key.as_str(), &*value) {
            ("config", inner) => {
                let mut inner = pick(inner, &RUN, &[]).unwrap_or_default();
                for (key, value) in &mut inner {
                    if let ("Labels" | "Volumes" | "ExposedPorts", Json::Object(entries)) =
                        (key.as_str(), value)
                    {
                        // A map, written by its sorted keys.
                        entries.sort_by(|a, b| a.0.cmp(&b.0));
                    }
                }
                *value = Json::Object(inner);
            }
            ("rootfs", inner) => {
                *value = Json::Object(pick(inner, &["type", "diff_ids"], &["type", "diff_ids"])?)
            }
            ("history", Json::List(steps)) => {
                let step = |step: &Json| Json::Object(pick(step, &HISTORY, &[]).unwrap_or_default());
                *value = Json::List(steps.iter().map(step).collect());
            }
            _ => {}
        }
    }
    Some(Json::Object(out))
}

/// The fields of an object in this order; empty ones only where they are always written.
fn pick(value: &Json, keys: &[&str], always: &[&str]) -> Option<Vec<(String, Json)>> {
    let Json::Object(_) = value else { return None };
    let empty = |value: &Json| match value {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.is_empty(),
        Json::List(list) => list.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    };
    let field = |key: &&str| {
        let found = value.get(key).cloned();
        match found {
            Some(found) if !empty(&found) || always.contains(key) => Some(((*key).to_owned(), found)),
            None if *key == "config" => Some(((*key).to_owned(), Json::Object(Vec::new()))),
            _ => None,
        }
    };
    Some(keys.iter().filter_map(field).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        let text = r#"{"os":"linux","config":{"Tty":false,"Labels":{"b":"1","a":"2"},"Cmd":["sh"],"Own":1},"rootfs":{"diff_ids":["x"],"type":"layers"},
            "history":[{"empty_layer":true,"created_by":"RUN x"}],"architecture":"amd64","author":""}"#;
        let got = serde_json::to_string(&ordered(text).unwrap()).unwrap();
        let want = r#"{"architecture":"amd64","history":[{"created_by":"RUN x","empty_layer":true}],"os":"linux","rootfs":{"type":"layers","diff_ids":["x"]},"config":{"Cmd":["sh"],"Labels":{"a":"2","b":"1"}}}"#;
        assert_eq!(got, want);
        assert!(ordered("[]").is_none() && ordered("").is_none());
    }

    /// A golden's config is in this order already.
    #[test]
    fn corpus() {
        let Some(text) = crate::corpus::read("trivy/integration/testdata/ubi-7.json.golden") else { return };
        let report = super::super::read(&text, &super::super::Caps::default()).0;
        let config = report.metadata.image_config.unwrap();
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::to_string(&ordered(&text).unwrap()).unwrap(), text);
    }
}
