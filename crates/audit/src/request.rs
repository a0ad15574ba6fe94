//! From an event to what the authorizer was asked.

use event::audit::{Stage, Text, User};
use event::{AuditEvent, json};
use model::{Identity, Timestamp};

/// One thing an identity was allowed or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who, as authorized: the impersonated identity where there is one.
    pub who: Identity,
    /// Verb.
    pub verb: String,
    /// API group, empty for core.
    pub group: String,
    /// Resource with `/subresource`; a path that starts with `/` for non-resource URLs.
    pub resource: String,
    /// Namespace, empty for cluster scope.
    pub namespace: String,
    /// Name, empty where the request carries none.
    pub name: String,
    /// Whether it was allowed.
    pub allowed: bool,
    /// When.
    pub at: Option<Timestamp>,
}

/// Why an event says nothing about rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// Not the stage at which the answer is known.
    Stage,
    /// No user name.
    NoUser,
    /// No verb.
    NoVerb,
    /// Neither an object nor a URI.
    NoTarget,
    /// Credentials were refused: nobody was authorized.
    Unauthenticated,
}

fn text(of: Option<&Text<'_>>) -> String {
    of.map(|text| text.as_str().to_owned()).unwrap_or_default()
}

fn identity(user: Option<&User<'_>>) -> Option<Identity> {
    user?.username.as_ref().filter(|name| !name.as_str().is_empty()).map(|name| Identity::user(name.as_str()))
}

/// What the authorizer was asked for this event; often one request.
///
/// Only `ResponseComplete` counts, so that a watch or exec is counted once. Two rules add requests: a `patch` or
/// `update` answered 201 made the object and needed `create` too, and impersonation needs `impersonate` by the
/// identity that authenticated (which the API server never logs as a request of its own).
///
/// # Errors
/// Why the event says nothing.
pub fn requests(event: &AuditEvent<'_>) -> Result<Vec<Request>, Skipped> {
    let fields = &event.fields;
    if fields.stage != Some(Stage::ResponseComplete) {
        return Err(Skipped::Stage);
    }
    let caller = identity(fields.user.as_ref());
    if event.code() == Some(401) {
        return Err(Skipped::Unauthenticated);
    }
    let caller = caller.ok_or(Skipped::NoUser)?;
    let verb = fields.verb.as_ref().map(Text::as_str).filter(|v| !v.is_empty()).ok_or(Skipped::NoVerb)?;
    let decision = fields.annotations.as_ref().and_then(|a| a.decision.as_ref()).map(Text::as_str);
    let allowed = match decision {
        Some("allow") => true,
        Some(_) => false,
        None => event.code() != Some(403),
    };
    let at = event.at();
    let impersonated = identity(fields.impersonated_user.as_ref());
    let mut first = target(event).ok_or(Skipped::NoTarget)?;
    first.who = impersonated.clone().unwrap_or_else(|| caller.clone());
    first.verb = verb.to_owned();
    (first.allowed, first.at) = (allowed, at);
    let mut all = Vec::with_capacity(1);
    if event.code() == Some(201) && matches!(verb, "patch" | "update") {
        // The name of an object that does not exist yet is not part of the question `create` asks.
        all.push(Request { verb: "create".to_owned(), name: String::new(), ..first.clone() });
    }
    // A forbidden impersonation is answered before the impersonated identity is authorized.
    let acts = impersonated.as_ref().filter(|_| allowed || decision.is_some());
    if let Some(request) = acts.and_then(|as_whom| impersonation(&caller, as_whom, at)) {
        all.push(request);
    }
    all.insert(0, first);
    Ok(all)
}

fn impersonation(caller: &Identity, as_whom: &Identity, at: Option<Timestamp>) -> Option<Request> {
    let (resource, namespace, name) = match as_whom {
        Identity::ServiceAccount { namespace, name } => ("serviceaccounts", namespace.to_string(), name),
        Identity::User(name) => ("users", String::new(), name),
        _ => return None,
    };
    Some(Request {
        who: caller.clone(),
        verb: "impersonate".to_owned(),
        group: String::new(),
        resource: resource.to_owned(),
        namespace,
        name: name.to_string(),
        allowed: true,
        at,
    })
}

/// The object or path asked for; who and verb are left to the caller.
fn target(event: &AuditEvent<'_>) -> Option<Request> {
    let uri = event.fields.request_uri.as_ref().map(Text::as_str);
    let mut request = Request {
        who: Identity::User("".into()),
        verb: String::new(),
        group: String::new(),
        resource: String::new(),
        namespace: String::new(),
        name: String::new(),
        allowed: false,
        at: None,
    };
    let Some(object) = event.fields.object_ref.as_ref().filter(|o| o.resource.is_some()) else {
        let path = uri?.split(['?', '#']).next().filter(|path| path.starts_with('/'))?;
        request.resource = path.to_owned();
        return Some(request);
    };
    request.group = text(object.api_group.as_ref());
    request.resource = text(object.resource.as_ref());
    let sub = text(object.subresource.as_ref());
    if !sub.is_empty() {
        request.resource = format!("{}/{sub}", request.resource);
    }
    request.namespace = text(object.namespace.as_ref());
    request.name = text(object.name.as_ref());
    if request.name.is_empty() {
        request.name = uri.and_then(selected_name).unwrap_or_default();
    }
    if request.name.is_empty() && event.fields.verb.as_ref().is_some_and(|v| v.as_str() == "create") {
        // Creating a subresource (exec, token) is authorized by name; a new object's name is not known yet.
        let body = event.request_object().filter(|_| !sub.is_empty());
        let named = body.and_then(|raw| json::Raw::path(raw, &["metadata", "name"])?.string());
        request.name = named.map(|n| n.into_owned()).unwrap_or_default();
    }
    Some(request)
}

/// The name a list or watch is narrowed to by `fieldSelector=metadata.name=…`, as the authorizer derives it.
fn selected_name(uri: &str) -> Option<String> {
    let query = uri.split_once('?')?.1;
    let value = query.split('&').find_map(|pair| pair.strip_prefix("fieldSelector="))?;
    let decoded = percent(value);
    decoded.split(',').find_map(|term| {
        let (key, name) = term.split_once('=')?;
        let name = name.strip_prefix('=').unwrap_or(name);
        (key == "metadata.name" && !name.is_empty()).then(|| name.to_owned())
    })
}

/// Undoes percent-encoding; what is no encoding stays.
fn percent(text: &str) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes().iter();
    while let Some(&byte) = bytes.next() {
        let rest = bytes.as_slice();
        let hex = rest.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let coded = hex.filter(|_| byte == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        match coded {
            Some(value) => {
                out.push(value);
                bytes.nth(1);
            }
            None => out.push(if byte == b'+' { b' ' } else { byte }),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(rest: &str) -> Result<Vec<String>, Skipped> {
        let text = format!(r#"{{"kind":"Event","stage":"ResponseComplete",{rest}}}"#);
        let event = AuditEvent::parse(&text).unwrap();
        requests(&event).map(|all| {
            all.iter()
                .map(|r| {
                    let sign = if r.allowed { '+' } else { '-' };
                    format!(
                        "{sign}{}|{} {}.{} {}/{}",
                        r.who, r.verb, r.resource, r.group, r.namespace, r.name
                    )
                })
                .collect()
        })
    }

    #[test]
    fn events_become_requests() {
        let user = r#""user":{"username":"ann"}"#;
        for (rest, want) in [
            (
                r#""verb":"list","objectRef":{"resource":"pods","namespace":"a"}"#.to_owned(),
                vec!["+User ann|list pods. a/"],
            ),
            (
                r#""verb":"create","objectRef":{"resource":"pods","namespace":"a","name":"p","subresource":"exec"}"#.to_owned(),
                vec!["+User ann|create pods/exec. a/p"],
            ),
            (
                r#""verb":"get","objectRef":{"resource":"deployments","namespace":"a","name":"d","apiGroup":"apps"},"responseStatus":{"code":403}"#.to_owned(),
                vec!["-User ann|get deployments.apps a/d"],
            ),
            (
                r#""verb":"patch","objectRef":{"resource":"configmaps","namespace":"a","name":"c"},"responseStatus":{"code":201}"#.to_owned(),
                vec!["+User ann|patch configmaps. a/c", "+User ann|create configmaps. a/"],
            ),
            (
                r#""verb":"list","requestURI":"/api/v1/secrets?fieldSelector=metadata.name%3Dtls&limit=5","objectRef":{"resource":"secrets"}"#.to_owned(),
                vec!["+User ann|list secrets. /tls"],
            ),
            (
                r#""verb":"get","requestURI":"/healthz?verbose","annotations":{"authorization.k8s.io/decision":"forbid"}"#.to_owned(),
                vec!["-User ann|get /healthz. /"],
            ),
            (
                r#""verb":"get","objectRef":{"resource":"pods","namespace":"a","name":"p"},"impersonatedUser":{"username":"system:serviceaccount:a:ci"}"#.to_owned(),
                vec!["+ServiceAccount a/ci|get pods. a/p", "+User ann|impersonate serviceaccounts. a/ci"],
            ),
        ] {
            assert_eq!(ask(&format!("{user},{rest}")).unwrap(), want, "{rest}");
        }
    }

    #[test]
    fn what_says_nothing_says_why() {
        for (rest, want) in [
            (r#""verb":"get","requestURI":"/x""#, Skipped::NoUser),
            (r#""user":{"username":"a"},"requestURI":"/x""#, Skipped::NoVerb),
            (r#""user":{"username":"a"},"verb":"get""#, Skipped::NoTarget),
            (r#""user":{},"verb":"get","responseStatus":{"code":401}"#, Skipped::Unauthenticated),
        ] {
            assert_eq!(ask(rest), Err(want), "{rest}");
        }
        let started =
            AuditEvent::parse(r#"{"kind":"Event","stage":"ResponseStarted","verb":"watch"}"#).unwrap();
        assert_eq!(requests(&started), Err(Skipped::Stage));
    }
}
