//! SPDX in tags and values, as the JSON of the same document.
//!
//! Semantics: the tag:value form of SPDX 2.2 and 2.3. What is not looked at in JSON is not carried over.

use crate::Limits;
use serde_json::{Map, Value, json};

/// Reads a document; nothing when it is not written in tags.
pub(crate) fn tags(text: &str, limits: &Limits) -> Option<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { packages: Vec::new(), current: None, limits };
    let mut version = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (tag, value) = line.split_once(':')?;
        let value = whole(value.trim(), &mut lines);
        match (tag, &version) {
            ("SPDXVersion", _) => version = Some(value),
            // A document begins with its version.
            (_, None) => return None,
            (tag, Some(_)) => reader.tag(tag, &value),
        }
    }
    reader.close();
    Some(json!({"spdxVersion": version?, "packages": reader.packages}))
}

/// A value, on to the line where its text ends.
fn whole<'a>(value: &str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let Some(rest) = value.strip_prefix("<text>") else { return value.to_owned() };
    let mut out = rest.to_owned();
    while !out.ends_with("</text>") {
        let Some(line) = lines.next() else { return out };
        out.push('\n');
        out.push_str(line.trim_end());
    }
    out.truncate(out.len().saturating_sub("</text>".len()));
    out
}

struct Reader<'a> {
    packages: Vec<Value>,
    current: Option<Map<String, Value>>,
    limits: &'a Limits,
}

impl Reader<'_> {
    fn close(&mut self) {
        // One more than the limit, so that it is seen to be reached.
        let room = self.packages.len() <= self.limits.packages;
        self.packages.extend(self.current.take().filter(|_| room).map(Value::Object));
    }

    fn tag(&mut self, tag: &str, value: &str) {
        if tag == "PackageName" {
            self.close();
            self.current = Some(Map::from_iter([("name".to_owned(), Value::from(value))]));
            return;
        }
        // What follows a file, a licence or a relationship is not of the package.
        if matches!(tag, "FileName" | "SnippetSPDXID" | "LicenseID" | "Relationship" | "Annotator") {
            return self.close();
        }
        let Some(package) = &mut self.current else { return };
        let key = match tag {
            "SPDXID" => "SPDXID",
            "PackageVersion" => "versionInfo",
            "PackageSourceInfo" => "sourceInfo",
            "PrimaryPackagePurpose" => "primaryPackagePurpose",
            "PackageAttributionText" => return push(package, "attributionTexts", Value::from(value)),
            "ExternalRef" => {
                let mut words = value.split_whitespace();
                let (category, kind, place) = (words.next(), words.next(), words.next());
                let reference = json!({
                    "referenceCategory": category, "referenceType": kind, "referenceLocator": place,
                });
                return push(package, "externalRefs", reference);
            }
            _ => return,
        };
        package.insert(key.to_owned(), Value::from(value));
    }
}

fn push(package: &mut Map<String, Value>, key: &str, value: Value) {
    let list = package.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(list) = list {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages() {
        let text = "SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\n\n##### Package: a\n\nPackageName: a\nSPDXID: SPDXRef-Package-1\n\
            PackageVersion: 1:2\nPackageSourceInfo: <text>built package from: b\n3</text>\nExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\n\
            PackageAttributionText: SrcName: x\nFileName: f\nSPDXID: SPDXRef-File-1\nPackageName: b\n";
        let value = tags(text, &Limits::default()).unwrap();
        let packages = value["packages"].as_array().unwrap();
        assert_eq!((packages.len(), &packages[0]["versionInfo"]), (2, &json!("1:2")));
        assert_eq!(packages[0]["SPDXID"], "SPDXRef-Package-1", "a file's id is the file's");
        assert_eq!(packages[0]["sourceInfo"], "built package from: b\n3");
        assert_eq!(packages[0]["externalRefs"][0]["referenceLocator"], "pkg:npm/a@1");
        assert_eq!(packages[0]["attributionTexts"][0], "SrcName: x");
    }

    #[test]
    fn what_is_none() {
        for text in ["", "{}", "a: b\nSPDXVersion: SPDX-2.3", "SPDXVersion: SPDX-2.3\nno tag"] {
            assert_eq!(tags(text, &Limits::default()), None, "{text}");
        }
        assert!(tags("SPDXVersion: SPDX-2.3\nPackageName: <text>never ends", &Limits::default()).is_some());
        let limits = Limits { packages: 2, ..Limits::default() };
        let many = format!("SPDXVersion: SPDX-2.3\n{}", "PackageName: a\n".repeat(99));
        assert_eq!(tags(&many, &limits).unwrap()["packages"].as_array().unwrap().len(), 3);
    }
}
