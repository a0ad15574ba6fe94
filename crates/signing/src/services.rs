//! Which services sign along: Sigstore's signing configuration, or addresses written one by one.
//!
//! Semantics: `signingconfig.v0.2` of protobuf-specs: of each kind the newest service that is valid now and whose version
//! is understood. One that has to be used in several copies is refused, not used in one.

use crate::log::LogVersion;
use crate::strict;
use jiff::Timestamp;
use serde::Deserialize;

const KIND: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
/// Most services of one kind.
const SERVICES: usize = 64;

/// Addresses of what signs along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// Fulcio: who makes certificates from identity tokens.
    pub fulcio: Option<String>,
    /// The transparency log.
    pub log: Option<(String, LogVersion)>,
    /// The timestamp authority, its whole address.
    pub stamps: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    media_type: String,
    #[serde(default)]
    ca_urls: Vec<Service>,
    #[serde(default)]
    rekor_tlog_urls: Vec<Service>,
    rekor_tlog_config: Option<Choice>,
    #[serde(default)]
    tsa_urls: Vec<Service>,
    tsa_config: Option<Choice>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    url: String,
    #[serde(default)]
    major_api_version: u32,
    valid_for: Option<Window>,
}

#[derive(Deserialize)]
struct Window {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    selector: String,
    count: Option<u32>,
}

impl Services {
    /// Reads a signing configuration (`signing_config.json`).
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn from_signing_config(bytes: &[u8], now: Timestamp) -> Result<Self, String> {
        let document: Document = strict::read(bytes)?;
        if document.media_type != KIND {
            return Err(format!("signing configurations of type {} are not known", document.media_type));
        }
        let log = pick("log", &document.rekor_tlog_urls, &[2, 1], now)?;
        let stamps = pick("timestamp authority", &document.tsa_urls, &[1], now)?;
        one_will_do("logs", document.rekor_tlog_config.as_ref(), &document.rekor_tlog_urls, now)?;
        one_will_do("timestamp authorities", document.tsa_config.as_ref(), &document.tsa_urls, now)?;
        let version = |version| if version == 1 { LogVersion::First } else { LogVersion::Second };
        Ok(Self {
            fulcio: pick("certificate authority", &document.ca_urls, &[1], now)?.map(|(url, _)| url),
            log: log.map(|(url, number)| (url, version(number))),
            stamps: stamps.map(|(url, _)| url),
        })
    }
}

impl Service {
    fn is_valid(&self, now: Timestamp) -> bool {
        let window = self.valid_for.as_ref();
        let starts = window.and_then(|window| window.start).is_none_or(|start| start <= now);
        starts && window.and_then(|window| window.end).is_none_or(|end| now <= end)
    }

    fn start(&self) -> Option<Timestamp> {
        self.valid_for.as_ref().and_then(|window| window.start)
    }
}

/// The newest valid service of the best known version. `None` where none is listed; that none of those listed can be used
/// is an error, since somebody wanted one.
fn pick(
    what: &str,
    services: &[Service],
    versions: &[u32],
    now: Timestamp,
) -> Result<Option<(String, u32)>, String> {
    if services.len() > SERVICES {
        return Err(format!("more than {SERVICES} of the kind {what}"));
    }
    for version in versions {
        let known = |service: &&Service| service.major_api_version == *version && service.is_valid(now);
        if let Some(found) = services.iter().filter(known).max_by_key(|service| service.start()) {
            return Ok(Some((found.url.trim_end_matches('/').to_owned(), *version)));
        }
    }
    match services.is_empty() {
        true => Ok(None),
        false => Err(format!("no {what} of it is valid now and of a known version")),
    }
}

fn one_will_do(
    what: &str,
    choice: Option<&Choice>,
    services: &[Service],
    now: Timestamp,
) -> Result<(), String> {
    let valid = services.iter().filter(|service| service.is_valid(now)).count();
    let wanted = match choice {
        None => return Ok(()),
        Some(choice) => match choice.selector.as_str() {
            "" | "SERVICE_SELECTOR_UNDEFINED" | "ANY" => 1,
            "ALL" => valid,
            "EXACT" => usize::try_from(choice.count.unwrap_or(1)).unwrap_or(usize::MAX),
            other => return Err(format!("selector {other} is not known")),
        },
    };
    match wanted > 1 {
        true => Err(format!("it wants {wanted} {what}; one is used here")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(change: impl Fn(&mut Value)) -> Result<Services, String> {
        let valid = json!({"start": "2024-01-01T00:00:00Z"});
        let mut config = json!({
            "mediaType": KIND,
            "caUrls": [{"url": "https://fulcio.test/", "majorApiVersion": 1, "validFor": valid, "operator": "a"}],
            "oidcUrls": [],
            "rekorTlogUrls": [
                {"url": "https://one.test", "majorApiVersion": 1, "validFor": valid},
                {"url": "https://old.test", "majorApiVersion": 2, "validFor": {"start": "2023-01-01T00:00:00Z"}},
                {"url": "https://two.test", "majorApiVersion": 2, "validFor": valid},
                {"url": "https://late.test", "majorApiVersion": 2, "validFor": {"start": "2030-01-01T00:00:00Z"}},
            ],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [{"url": "https://tsa.test/api/v1/timestamp", "majorApiVersion": 1, "validFor": valid}],
            "tsaConfig": {"selector": "ALL"},
        });
        change(&mut config);
        Services::from_signing_config(config.to_string().as_bytes(), "2026-11-25T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_newest_of_the_best() {
        let services = read(|_| {}).unwrap();
        assert_eq!(services.fulcio.as_deref(), Some("https://fulcio.test"));
        assert_eq!(services.log, Some(("https://two.test".to_owned(), LogVersion::Second)));
        assert_eq!(services.stamps.as_deref(), Some("https://tsa.test/api/v1/timestamp"));
        let first = read(|config| {
            config["rekorTlogUrls"].as_array_mut().unwrap().truncate(1);
        });
        assert_eq!(first.unwrap().log, Some(("https://one.test".to_owned(), LogVersion::First)));
        let none = read(|config| config["rekorTlogUrls"] = json!([])).unwrap();
        assert_eq!(none.log, None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (config, why) in [
            (read(|c| c["mediaType"] = "x".into()), "not known"),
            (read(|c| c["tsaUrls"][0]["majorApiVersion"] = 7.into()), "known version"),
            (read(|c| c["caUrls"][0]["validFor"]["end"] = "2025-01-01T00:00:00Z".into()), "valid now"),
            (read(|c| c["rekorTlogConfig"] = json!({"selector": "EXACT", "count": 2})), "wants 2"),
            (read(|c| c["rekorTlogConfig"] = json!({"selector": "ALL"})), "wants 3"),
            (read(|c| c["tsaConfig"]["selector"] = "MOST".into()), "MOST"),
            (read(|c| c["caUrls"] = vec![c["caUrls"][0].clone(); 100].into()), "more than"),
        ] {
            let told = config.unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
