//! `WWW-Authenticate`: how a registry wants to be asked.

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User name and password with every request.
    Basic,
    /// A token from a realm.
    Bearer {
        /// URL of the realm, as written.
        realm: String,
        /// Name of the service, if any.
        service: Option<String>,
    },
}

impl Challenge {
    /// The first challenge of a header's value that is understood; Bearer before Basic.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let mut basic = None;
        for (scheme, parameters) in split(header) {
            let get = |name: &str| {
                parameters
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.clone())
            };
            if scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = get("realm")
            {
                return Some(Self::Bearer { realm, service: get("service") });
            }
            if scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Self::Basic);
            }
        }
        basic
    }
}

type Parameters = Vec<(String, String)>;

/// Splits `Scheme a="b", c=d, Other e="f"` into schemes and their parameters (RFC 9110, 11.6.1).
fn split(header: &str) -> Vec<(String, Parameters)> {
    let mut out: Vec<(String, Parameters)> = Vec::new();
    let mut rest = header.trim_start();
    while !rest.is_empty() && out.len() < 16 {
        let end = rest.find([' ', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let after = after.trim_start();
        match after.strip_prefix('=') {
            Some(value) if !word.is_empty() => {
                let (value, after) = quoted(value.trim_start());
                if let Some((_, parameters)) = out.last_mut().filter(|(_, parameters)| parameters.len() < 16)
                {
                    parameters.push((word.to_owned(), value));
                }
                rest = after;
            }
            Some(after) => rest = after,
            None => {
                if !word.is_empty() {
                    out.push((word.to_owned(), Vec::new()));
                }
                rest = after;
            }
        }
        rest = rest.trim_start_matches([' ', ',']);
    }
    out
}

/// A token or a quoted string, and what follows it.
fn quoted(text: &str) -> (String, &str) {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), rest);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, inner.get(at.saturating_add(1)..).unwrap_or("")),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn challenges() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.into(), service: service.map(str::to_owned) })
        };
        for (header, want) in [
            (
                r#"Bearer realm="https://a.test/t",service="r.test",scope="x:y:pull""#,
                bearer("https://a.test/t", Some("r.test")),
            ),
            (r#"bearer realm=https://a.test/t"#, bearer("https://a.test/t", None)),
            (r#"Basic realm="x""#, Some(Challenge::Basic)),
            (r#"Basic realm="x, y", Bearer realm="https://a.test/t""#, bearer("https://a.test/t", None)),
            (r#"Bearer service="no realm""#, None),
            ("Negotiate", None),
            ("", None),
            (r#"Bearer realm="unclosed"#, bearer("unclosed", None)),
            ("=,=,=", None),
        ] {
            assert_eq!(Challenge::parse(header), want, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_ends(header in ".{0,200}") {
            let _ = Challenge::parse(&header);
        }
    }
}
