//! The client of registries against a registry that lies, floods, dawdles and leads astray.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../tests/registries/faulty.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "shared with other suites, which use other parts of it"
)]
mod faulty;

use bytes::Bytes;
use faulty::{Act, Demand, Faulty, digest};
use model::Digest;
use sources::registry::{
    Caps, Client, DockerConfig, Error, Login, Options, Proxy, Question, Registry, Repository, Secret, Which,
};
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CAP: u64 = 1 << 20;
const ALWAYS: usize = usize::MAX;

fn quick() -> Options {
    let caps = Caps {
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(400),
        total: Duration::from_secs(4),
        ..Caps::default()
    };
    Options { caps, ..Options::default() }
}

fn at(registry: &Faulty) -> Repository {
    Repository { registry: registry.address.to_string().into(), path: "team/app".into() }
}

fn parsed(text: &str) -> Digest {
    Digest::parse(text).unwrap()
}

fn tag(name: &str) -> Which {
    Which::Tag(name.into())
}

async fn code<T: std::fmt::Debug>(result: impl Future<Output = Result<T, Error>>) -> &'static str {
    result.await.unwrap_err().code()
}

#[tokio::test]
async fn reads_and_writes() {
    let registry = Faulty::start();
    let (client, at) = (Client::new(quick()), at(&registry));
    assert_eq!(client.manifest(&at, &tag("v1"), CAP).await, Ok(None));
    let blob = Bytes::from_static(b"layer");
    let of_blob = parsed(&digest(&blob));
    client.push_blob(&at, &of_blob, blob.clone()).await.unwrap();
    client.push_blob(&at, &of_blob, blob.clone()).await.unwrap();
    let put = registry.asked().into_iter().filter(|line| line.starts_with("PUT")).count();
    assert_eq!(put, 1, "what is there is not pushed again");
    assert_eq!(client.blob(&at, &of_blob, CAP).await, Ok(Some(blob)));

    let image = br#"{"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;
    let pushed = client.push_manifest(&at, &tag("v1"), MANIFEST, Bytes::from_static(image)).await.unwrap();
    assert!(!pushed.listed);
    let found = client.manifest(&at, &tag("v1"), CAP).await.unwrap().unwrap();
    assert_eq!((found.digest.as_str(), found.media_type.as_str()), (digest(image).as_str(), MANIFEST));
    let signature = format!(r#"{{"mediaType":"{MANIFEST}","subject":{{"digest":"{}"}}}}"#, found.digest);
    let which = Which::Digest(parsed(&digest(signature.as_bytes())));
    assert!(client.push_manifest(&at, &which, MANIFEST, signature.into()).await.unwrap().listed);
    assert_eq!(client.tags(&at).await, Ok(Some(vec!["v1".to_owned()])));
    let listed = client.referrers(&at, &found.digest, CAP).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&listed.index).contains(&which.to_string()) && listed.cut.is_none());
    registry.state().no_referrers = true;
    assert_eq!(client.referrers(&at, &found.digest, CAP).await, Ok(None));
}

#[tokio::test]
async fn lies_are_seen() {
    let registry = Faulty::start();
    let (client, at) = (Client::new(quick()), at(&registry));
    let of_image = parsed(&registry.manifest("team/app", Some("v1"), MANIFEST, b"{}"));
    let of_blob = parsed(&registry.blob("team/app", b"layer"));
    registry.fault("GET /v2/team/app/", ALWAYS, Act::Bytes(b"other".to_vec()));
    assert_eq!(code(client.manifest(&at, &Which::Digest(of_image.clone()), CAP)).await, "wrong-digest");
    assert_eq!(code(client.blob(&at, &of_blob, CAP)).await, "wrong-digest");
    let mut stream = client.open(&at, &of_blob, Some(5)).await.unwrap().unwrap();
    assert_eq!(stream.chunk().await, Ok(Some(Bytes::from_static(b"other"))));
    assert_eq!(code(stream.chunk()).await, "wrong-digest");
    assert_eq!(code(stream.chunk()).await, "wrong-digest", "an error stays one");
    assert_eq!(code(client.open(&at, &of_blob, Some(6))).await, "malformed");

    registry.state().faults.clear();
    registry.fault("GET", ALWAYS, Act::Header("Docker-Content-Digest", digest(b"lie")));
    let found = client.manifest(&at, &tag("v1"), CAP).await.unwrap().unwrap();
    assert_eq!(found.digest, of_image, "the bytes count, not the header");
    registry.state().faults.clear();
    registry.fault("GET", ALWAYS, Act::Header("Content-Encoding", "gzip".into()));
    assert_eq!(code(client.blob(&at, &of_blob, CAP)).await, "malformed");
}

#[tokio::test]
async fn floods_and_silence_end() {
    let registry = Faulty::start();
    let (client, at) = (Client::new(quick()), at(&registry));
    let large = parsed(&registry.blob("team/app", &vec![b'x'; 2 << 20]));
    assert_eq!(code(client.blob(&at, &large, CAP)).await, "too-large");
    for (act, want) in [
        (Act::Endless, "too-large"),
        (Act::Hang, "timed-out"),
        (Act::Drip(Duration::from_millis(700)), "timed-out"),
        (Act::Drip(Duration::from_millis(1)), "timed-out"),
    ] {
        registry.state().faults.clear();
        registry.fault("GET", 1, act.clone());
        assert_eq!(code(client.blob(&at, &large, 3 << 20)).await, want, "{act:?}");
    }
    let options = Options { caps: Caps { pace: 1 << 30, ..quick().caps }, ..quick() };
    registry.state().faults.clear();
    registry.fault("GET", 1, Act::Drip(Duration::from_millis(1)));
    let mut stream = Client::new(options).open(&at, &large, None).await.unwrap().unwrap();
    let error = loop {
        if let Err(error) = stream.chunk().await {
            break error;
        }
    };
    assert_eq!(error.code(), "timed-out", "a stream that never ends by itself");
}

#[tokio::test]
async fn what_is_transient_is_asked_again_and_what_is_not_is_an_error() {
    let registry = Faulty::start();
    let (client, at) = (Client::new(quick()), at(&registry));
    registry.manifest("team/app", Some("v1"), MANIFEST, b"{}");
    registry.fault("GET", 2, Act::Status(503, Vec::new(), String::new()));
    assert!(client.manifest(&at, &tag("v1"), CAP).await.unwrap().is_some());
    assert_eq!(registry.asked().len(), 3);

    let soon = vec![("Retry-After", "0".to_owned())];
    registry.fault("GET", ALWAYS, Act::Status(429, soon, String::new()));
    assert_eq!(code(client.manifest(&at, &tag("v1"), CAP)).await, "throttled");
    assert_eq!(registry.asked().len(), 4, "a storm of 429 is answered with few requests");
    registry.state().faults.clear();
    let late = vec![("Retry-After", "3600".to_owned())];
    registry.fault("GET", ALWAYS, Act::Status(429, late, String::new()));
    assert_eq!(code(client.manifest(&at, &tag("v1"), CAP)).await, "throttled");
    assert_eq!(registry.asked().len(), 1, "nobody waits an hour");
    for (status, want) in
        [(401, "refused"), (403, "refused"), (405, "registry-error"), (418, "registry-error")]
    {
        registry.state().faults.clear();
        let body = "{\"errors\":[{\"message\":\"no \\u001b[2J\"}]}".to_owned();
        registry.fault("GET", ALWAYS, Act::Status(status, Vec::new(), body));
        let error = client.manifest(&at, &tag("v1"), CAP).await.unwrap_err();
        assert_eq!(error.code(), want, "{status}");
        assert!(error.to_string().contains("no ") && !error.to_string().contains('\u{1b}'), "{error}");
    }
    let nobody = Repository { registry: "127.0.0.1:1".into(), path: "a".into() };
    assert_eq!(code(client.manifest(&nobody, &tag("v1"), CAP)).await, "network");
}

#[tokio::test]
async fn a_broken_stream_goes_on_where_it_broke() {
    let registry = Faulty::start();
    let (client, at) = (Client::new(quick()), at(&registry));
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let of_blob = parsed(&registry.blob("team/app", &bytes));
    registry.fault("GET", 2, Act::BreakAfter(70_000));
    let mut stream = client.open(&at, &of_blob, Some(200_000)).await.unwrap().unwrap();
    let mut all = Vec::new();
    while let Some(piece) = stream.chunk().await.unwrap() {
        all.extend_from_slice(&piece);
    }
    assert_eq!(all, bytes);
    let ranges: Vec<_> = registry.state().log.iter().map(|asked| asked.range.clone()).collect();
    assert_eq!(ranges, [None, Some("bytes=70000-".to_owned()), Some("bytes=140000-".to_owned())]);
}

#[test]
fn blocking_readers() {
    let registry = Faulty::start();
    let (client, at) = (Client::new(quick()), at(&registry));
    let bytes = vec![7; 300_000];
    let of_blob = parsed(&registry.blob("team/app", &bytes));
    let runtime = Arc::new(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    let open = || runtime.block_on(client.open(&at, &of_blob, Some(300_000))).unwrap().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let mut reader = open().reader(runtime.clone());
            std::thread::spawn(move || {
                let mut all = Vec::new();
                reader.read_to_end(&mut all).map(|_| all.len()).unwrap()
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 300_000));
    registry.fault("GET", 1, Act::Bytes(vec![8; 300_000]));
    let mut reader = open().reader(runtime.clone());
    reader.read_exact(&mut [0; 10]).unwrap();
    let error = reader.finish().unwrap_err();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).unwrap();
    assert_eq!(inner.code(), "wrong-digest");
}

#[tokio::test]
async fn one_request_for_one_digest() {
    let registry = Faulty::start();
    let (client, at) = (Client::new(quick()), at(&registry));
    let of_blob = parsed(&registry.blob("team/app", b"layer"));
    registry.fault("GET", 1, Act::Delay(Duration::from_millis(50)));
    let (a, b, c) = tokio::join!(
        client.blob(&at, &of_blob, CAP),
        client.blob(&at, &of_blob, CAP),
        client.blob(&at, &of_blob, CAP)
    );
    assert_eq!((a.clone(), a), (b, c));
    assert_eq!(registry.asked().len(), 1);
    assert_eq!(client.requests(), 1);
}

#[tokio::test]
async fn pages() {
    let registry = Faulty::start();
    let (client, at) = (Client::new(quick()), at(&registry));
    let subject = digest(b"image");
    for n in 0..5 {
        let text = format!(r#"{{"mediaType":"{MANIFEST}","n":{n},"subject":{{"digest":"{subject}"}}}}"#);
        registry.manifest("team/app", Some(&format!("t{n}")), MANIFEST, text.as_bytes());
    }
    registry.state().page = 2;
    let subject = parsed(&subject);
    let entries = |bytes: &Bytes| String::from_utf8_lossy(bytes).matches("\"digest\"").count();
    let listed = client.referrers(&at, &subject, CAP).await.unwrap().unwrap();
    assert_eq!((entries(&listed.index), listed.cut), (5, None));
    assert_eq!(client.tags(&at).await.unwrap().unwrap().len(), 5);
    assert_eq!(registry.asked().len(), 6);

    let index = r#"{"manifests":[{"digest":"x"}]}"#;
    for (link, want) in [
        ("</v2/team/app/referrers/x?from=0>; rel=next", "circle"),
        ("<http://169.254.169.254/latest>; rel=next", "another host"),
        ("<http://[::1>; rel=next", "another host"),
    ] {
        registry.state().faults.clear();
        let headers = vec![("Link", link.to_owned())];
        registry.fault("GET", ALWAYS, Act::Status(200, headers, index.to_owned()));
        let listed = client.referrers(&at, &subject, CAP).await.unwrap().unwrap();
        assert!(listed.cut.as_ref().is_some_and(|cut| cut.contains(want)), "{link}: {:?}", listed.cut);
        assert!(entries(&listed.index) >= 1, "what was listed is not lost");
    }
    registry.state().faults.clear();
    registry.fault("GET", ALWAYS, Act::Bytes(b"<html>".to_vec()));
    assert_eq!(code(client.referrers(&at, &subject, CAP)).await, "malformed");
}

fn basic() -> Login {
    Login::Fixed(Secret::Basic { user: "u".into(), password: "p".into() })
}

/// A registry that wants a token of the realm of `realm`.
fn demanding(realm: &Faulty) -> Faulty {
    let registry = Faulty::start();
    let challenge =
        format!(r#"Bearer realm="http://{}/token",service="s",scope="repository:x:pull""#, realm.address);
    registry.state().demand = Some(Demand { challenge, admitted: "Bearer T".into() });
    registry.manifest("team/app", Some("v1"), MANIFEST, b"{}");
    realm.state().token = "T".into();
    registry
}

#[tokio::test]
async fn tokens() {
    let registry = Faulty::start();
    let own = format!(r#"Bearer realm="http://{}/token",service="s""#, registry.address);
    registry.state().demand = Some(Demand { challenge: own, admitted: "Bearer T".into() });
    registry.state().token = "T".into();
    registry.manifest("team/app", Some("v1"), MANIFEST, b"{}");
    let (client, at) = (Client::new(Options { login: basic(), ..quick() }), at(&registry));
    for _ in 0..3 {
        assert!(client.manifest(&at, &tag("v1"), CAP).await.unwrap().is_some());
    }
    let log = registry.state().log.clone();
    let paths: Vec<_> = log.iter().map(|asked| asked.path.split('?').next().unwrap()).collect();
    let manifest = "/v2/team/app/manifests/v1";
    assert_eq!(paths, [manifest, "/token", manifest, manifest, manifest]);
    assert_eq!(log[0].authorization, None);
    assert_eq!(log[1].authorization.as_deref(), Some("Basic dTpw"));
    assert!(log[1].path.contains("service=s&scope=repository%3Ateam%2Fapp%3Apull"));
    // Another repository: the realm is known by now.
    let other = Repository { path: "team/other".into(), ..at.clone() };
    registry.asked();
    assert_eq!(client.manifest(&other, &tag("v1"), CAP).await, Ok(None));
    assert_eq!(registry.asked().len(), 2);
    registry.state().demand.as_mut().unwrap().admitted = "Bearer other".into();
    assert_eq!(code(client.manifest(&at, &tag("v1"), CAP)).await, "refused");
}

#[tokio::test]
async fn credentials_never_follow_to_another_host() {
    let realm = Faulty::start();
    let registry = demanding(&realm);
    let (client, at) = (Client::new(Options { login: basic(), ..quick() }), at(&registry));
    assert!(
        client.manifest(&at, &tag("v1"), CAP).await.unwrap().is_some(),
        "asked as nobody, and that does here"
    );
    assert!(realm.state().log.iter().all(|asked| asked.authorization.is_none()));
    registry.state().demand.as_mut().unwrap().admitted = "Bearer more".into();
    let error = client.manifest(&at, &tag("v1"), CAP).await.unwrap_err();
    assert!(error.to_string().contains("credentials were not sent to 127.0.0.1"), "{error}");
    // Unless the user names that host.
    let realms = vec![realm.address.to_string()];
    let named = Client::new(Options { login: basic(), realms, ..quick() });
    assert_eq!(code(named.manifest(&at, &tag("v1"), CAP)).await, "refused");
    assert_eq!(realm.state().log.last().unwrap().authorization.as_deref(), Some("Basic dTpw"));
}

#[tokio::test]
async fn redirects() {
    let (registry, store) = (Faulty::start(), Faulty::start());
    let challenge = "Basic realm=x".to_owned();
    registry.state().demand = Some(Demand { challenge, admitted: "Basic dTpw".into() });
    let of_blob = parsed(&store.blob("team/app", b"layer"));
    let (client, at) = (Client::new(Options { login: basic(), ..quick() }), at(&registry));
    let lead = |location: String| {
        registry.state().faults.clear();
        registry.fault("GET", ALWAYS, Act::Status(307, vec![("Location", location)], String::new()));
    };
    registry.blob("team/app", b"first");
    assert_eq!(
        client.blob(&at, &parsed(&digest(b"first")), CAP).await,
        Ok(Some(Bytes::from_static(b"first")))
    );
    lead(format!("http://{}/v2/team/app/blobs/{of_blob}", store.address));
    assert_eq!(client.blob(&at, &of_blob, CAP).await, Ok(Some(Bytes::from_static(b"layer"))));
    assert!(store.state().log.iter().all(|asked| asked.authorization.is_none()), "credentials stay");
    for (location, want) in [
        ("http://169.254.169.254/latest/meta-data", "blocked"),
        ("http://[fe80::1]/x", "blocked"),
        ("http://[::ffff:169.254.169.254]/x", "blocked"),
        ("http://0.0.0.0:1/x", "blocked"),
        ("file:///etc/passwd", "malformed"),
        ("/v2/team/app/blobs/round", "blocked"),
    ] {
        lead(location.to_owned());
        assert_eq!(code(client.blob(&at, &of_blob, CAP)).await, want, "{location}");
    }
}

#[tokio::test]
async fn realms_do_not_lead_to_metadata_services() {
    let registry = Faulty::start();
    let (client, at) = (Client::new(Options { login: basic(), ..quick() }), at(&registry));
    for realm in ["http://169.254.169.254/token", "ftp://x/", "http://[fd00:ec2::254]/t"] {
        let challenge = format!("Bearer realm=\"{realm}\"");
        registry.state().demand = Some(Demand { challenge, admitted: "Bearer T".into() });
        let error = code(client.manifest(&at, &tag("v1"), CAP)).await;
        assert!(["blocked", "malformed"].contains(&error), "{realm}: {error}");
    }
}

#[tokio::test]
async fn mirrors_and_files_of_docker() {
    let registry = Faulty::start();
    registry.state().demand =
        Some(Demand { challenge: "Basic realm=x".into(), admitted: "Basic dTpw".into() });
    registry.manifest("library/nginx", Some("1"), MANIFEST, b"{}");
    let config =
        DockerConfig::parse(br#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"}}}"#).unwrap();
    let mirrors = [("docker.io".to_owned(), registry.address.to_string())].into();
    let client = Client::new(Options { login: Login::Docker(config), mirrors, ..quick() });
    let reference: model::Reference = "nginx:1".parse().unwrap();
    let found = client.manifest(&Repository::from(&reference), &Which::of(&reference), CAP).await;
    assert!(found.unwrap().is_some());
}

/// A proxy that lets nobody through is asked by name, and its refusal is told.
#[tokio::test]
async fn proxies() {
    let proxy = Faulty::start();
    proxy.fault("CONNECT", ALWAYS, Act::Status(403, Vec::new(), String::new()));
    let options = Options { proxy: Proxy::At(format!("http://u:p@{}", proxy.address)), ..quick() };
    let options = Options { caps: Caps { retries: 0, ..options.caps.clone() }, ..options };
    let at = Repository { registry: "registry.test".into(), path: "app".into() };
    let error = Client::new(options.clone()).manifest(&at, &tag("v1"), CAP).await.unwrap_err();
    assert!(error.to_string().contains("the proxy refuses"), "{error}");
    assert_eq!(proxy.asked(), ["CONNECT registry.test:443"]);
    // Plain registries are asked directly.
    let registry = Faulty::start();
    assert_eq!(Client::new(options).manifest(&self::at(&registry), &tag("v1"), CAP).await, Ok(None));
    assert!(proxy.asked().is_empty());
}

/// Services beside the registry: what they are asked, what of their answers is taken, and what is never sent.
#[tokio::test]
async fn services() {
    let service = Faulty::start();
    let client = Client::new(quick());
    let address = format!("http://{}/v2/entries", service.address);
    let ask = |send: bool| Question {
        address: &address,
        send: send.then(|| ("application/json", Bytes::from_static(b"{}"))),
        accept: "application/json",
        ..Question::default()
    };
    let place = |to: &str| vec![("Location", to.to_owned())];
    service.fault("/v2/entries", 1, Act::Status(409, place("/v2/entries/1"), "there".to_owned()));
    let told = client.ask(&ask(true), CAP).await.unwrap();
    assert_eq!((told.status, told.body.as_ref()), (409, &b"there"[..]));
    assert_eq!(told.location, Some(format!("{address}/1")));
    service.fault("/v2/entries", 1, Act::Status(409, place("http://elsewhere.test/"), String::new()));
    assert_eq!(client.ask(&ask(true), CAP).await.unwrap().location, None, "another host is not its own");
    for status in [302, 400, 401, 500] {
        service.fault("/v2/entries", 1, Act::Status(status, place("/v2/other"), "words".to_owned()));
        let error = client.ask(&ask(true), CAP).await.unwrap_err();
        assert!(error.to_string().contains("words"), "{error}");
    }
    assert_eq!(service.asked().len(), 6, "nothing is followed or repeated");
    service.fault("/v2/entries", 1, Act::Status(503, Vec::new(), String::new()));
    service.fault("/v2/entries", 1, Act::Status(409, Vec::new(), "there".to_owned()));
    assert_eq!(
        client.ask(&ask(true), CAP).await.unwrap().body.as_ref(),
        b"there",
        "but what is transient is"
    );
    service.fault("/v2/entries", ALWAYS, Act::Endless);
    assert_eq!(code(client.ask(&ask(false), CAP)).await, "too-large");
    for address in ["http://registry.test/", "http://203.0.113.1/"] {
        let secret = Question { address, secret: true, ..Question::default() };
        assert_eq!(code(client.ask(&secret, CAP)).await, "blocked");
        let bearer = Question { address, bearer: Some("token"), ..Question::default() };
        assert_eq!(code(client.ask(&bearer, CAP)).await, "blocked");
    }
    assert_eq!(
        code(client.ask(&Question { address: "nowhere", ..Question::default() }, CAP)).await,
        "malformed"
    );
}
