//! Lists that come in pages: tags and referrers.

use super::address::Url;
use super::client::Inner;
use super::send::Call;
use super::{Error, Referrers, Repository};
use bytes::Bytes;
use http::HeaderMap;
use http::header::LINK;
use model::Digest;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Bytes of tags that are read, all pages together.
const TAGS: u64 = 16 << 20;
/// Pages of referrers.
const REFERRER_PAGES: usize = 16;

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Page {
    manifests: Vec<Box<RawValue>>,
}

/// The pages of a list as they came.
struct Pages {
    pages: Vec<(Url, Bytes)>,
    /// Why there are more than were read.
    cut: Option<String>,
}

impl Inner {
    pub(super) async fn tags(&self, at: &Repository) -> Result<Option<Vec<String>>, Error> {
        let url = self.url(at, "tags/list?n=1000")?;
        let Some(Pages { pages, cut }) = self.pages(at, &url, None, TAGS, self.options.caps.pages).await?
        else {
            return Ok(None);
        };
        if let Some(why) = cut {
            return Err(Error::Malformed { url: url.shown(), why });
        }
        let mut all = BTreeSet::new();
        for (url, bytes) in pages {
            let page: Tags = serde_json::from_slice(&bytes).map_err(|error| no_list(&url, &error))?;
            all.extend(page.tags.unwrap_or_default());
        }
        Ok(Some(all.into_iter().collect()))
    }

    pub(super) async fn referrers(
        &self,
        at: &Repository,
        digest: &Digest,
        cap: u64,
    ) -> Result<Option<Referrers>, Error> {
        let url = self.url(at, &format!("referrers/{digest}"))?;
        let most = REFERRER_PAGES.min(self.options.caps.pages);
        let Some(Pages { pages, cut }) = self.pages(at, &url, Some(INDEX), cap, most).await? else {
            return Ok(None);
        };
        let mut entries = Vec::new();
        for (url, bytes) in &pages {
            let page: Page = serde_json::from_slice(bytes).map_err(|error| no_list(url, &error))?;
            entries.extend(page.manifests.iter().map(|entry| entry.get().to_owned()));
        }
        let entries = entries.join(",");
        let index = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{entries}]}}"#);
        Ok(Some(Referrers { index: index.into(), cut }))
    }

    /// The pages of a list, at most `cap` bytes and `most` pages of it; `None`: there is no such list.
    async fn pages(
        &self,
        at: &Repository,
        first: &Url,
        accept: Option<&'static str>,
        cap: u64,
        most: usize,
    ) -> Result<Option<Pages>, Error> {
        let (mut pages, mut seen) = (Vec::new(), BTreeSet::new());
        let (mut url, mut left) = (first.clone(), cap);
        loop {
            if !seen.insert(url.text()) {
                return Ok(Some(Pages { pages, cut: Some("its pages go round in a circle".to_owned()) }));
            }
            let call = Call { accept, ..Call::get(at, url.clone()) };
            let (head, bytes) = match self.timed(&url, self.small(&call, left)).await {
                Ok(Some(found)) => found,
                Ok(None) if pages.is_empty() => return Ok(None),
                // What was listed so far is still there.
                Err(error @ (Error::TooLarge { .. } | Error::Status { .. })) if !pages.is_empty() => {
                    return Ok(Some(Pages { pages, cut: Some(error.to_string()) }));
                }
                Ok(None) => {
                    let cut = Some("a page it names is not there".to_owned());
                    return Ok(Some(Pages { pages, cut }));
                }
                Err(error) => return Err(error),
            };
            left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            let next = next(&head.headers);
            pages.push((head.url.clone(), bytes));
            let Some(next) = next else { return Ok(Some(Pages { pages, cut: None })) };
            if pages.len() >= most {
                let cut = Some(format!("more than {most} pages"));
                return Ok(Some(Pages { pages, cut }));
            }
            url = match head.url.join(&next).filter(|next| next.origin() == first.origin()) {
                Some(next) => next,
                None => {
                    let cut = Some("its next page is at another host".to_owned());
                    return Ok(Some(Pages { pages, cut }));
                }
            };
        }
    }
}

fn no_list(url: &Url, error: &serde_json::Error) -> Error {
    let why = format!("not a list: {}", model::escape(&error.to_string()));
    Error::Malformed { url: url.shown(), why }
}

/// The target of `Link: <target>; rel="next"` (RFC 8288).
fn next(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(|value| {
        value.split(',').find_map(|link| {
            let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
            let is_next = parameters.split(';').any(|parameter| {
                let parameter: String = parameter.chars().filter(|c| !matches!(c, ' ' | '"')).collect();
                parameter.eq_ignore_ascii_case("rel=next")
            });
            is_next.then(|| target.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn links() {
        for (value, want) in [
            (r#"</v2/a/tags/list?last=b>; rel="next""#, Some("/v2/a/tags/list?last=b")),
            (r#"</x>; rel=prev, </y>; rel=next"#, Some("/y")),
            (r#"</x>; rel="prev""#, None),
            ("</x>", None),
            ("nonsense", None),
        ] {
            let headers = HeaderMap::from_iter([(LINK, HeaderValue::from_static(value))]);
            assert_eq!(next(&headers).as_deref(), want, "{value}");
        }
    }
}
