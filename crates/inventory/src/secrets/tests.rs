//! The search as a whole: every rule finds what its expression describes, in bounded memory.

use super::*;
use crate::Limits;
use std::io::Read;
use std::sync::Arc;

fn search(settings_text: &str, path: &str, bytes: &[u8]) -> Secrets {
    let rules = match settings_text {
        "" => Rules::default(),
        text => Rules::new(Some(settings(text.as_bytes()).unwrap().0), "trivy-secret.yaml", text.as_bytes()),
    };
    let mut search = Search::new(&Arc::new(rules), false, &Limits::default());
    if search.wants(path, bytes.len() as u64) {
        search.file(path, &mut &*bytes).unwrap();
    }
    search.finish()
}

fn short(found: &Secrets) -> Vec<String> {
    let all = found.files.iter().flat_map(|file| &file.findings);
    all.map(|f| format!("{}:{}-{}@{} {}", f.rule, f.start_line, f.end_line, f.offset, f.matched)).collect()
}

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

#[test]
fn hidden_and_placed() {
    let text = format!("# first\r\ntoken: {TOKEN}\r\nend\n");
    let found = search("", "app/a.env", text.as_bytes());
    assert_eq!(short(&found), [format!("github-pat:2-2@16 token: {}", "*".repeat(40))]);
    assert_eq!(found.files[0].findings[0].lines.len(), 3);
    assert_eq!(found.account.searched, 1);
    assert!(!format!("{found:?}").contains("ghp_"));
}

#[test]
fn set_aside() {
    for (path, text, account) in [
        ("a/README.md", TOKEN.as_bytes().to_vec(), (0, 0, 1, 0)),
        ("app/tests/a", TOKEN.as_bytes().to_vec(), (0, 0, 1, 0)),
        ("short", b"ghp_".to_vec(), (0, 1, 0, 0)),
        ("a.bin.x", [b"\0", TOKEN.as_bytes()].concat(), (0, 0, 0, 1)),
        ("app/a", b"ghp_0123456789abcdefghijABCDEFGHIJ01234! ".to_vec(), (1, 0, 0, 0)),
        ("app/a", format!("xghp_{}", &TOKEN[4..]).into_bytes(), (1, 0, 0, 0)),
    ] {
        let found = search("", path, &text);
        let a = &found.account;
        assert_eq!((a.searched, a.small, a.aside, a.binary), account, "{path}");
        assert!(found.files.is_empty(), "{path}: {found:?}");
    }
    let example = "key AKIAEXAMPLE012345678 x";
    assert!(search("", "app/a", example.as_bytes()).files.is_empty());
    assert_eq!(short(&search("disable-allow-rules: [examples]\n", "app/a", example.as_bytes())).len(), 1);
}

#[test]
fn strings_of_python_programs() {
    let bytes = [b"\x61\x0d\x0d\x0a\0\0\0\0", TOKEN.as_bytes(), b"\0\0abc\0"].concat();
    let found = search("", "app/a.pyc", &bytes);
    let one = &found.files[0].findings[0];
    let want = r#"Binary file "app/a.pyc" matches a rule "GitHub Personal Access Token""#;
    assert_eq!((one.matched.as_str(), one.lines.len(), one.start_line, one.offset), (want, 0, 1, 0));
}

#[test]
fn own_rules() {
    let text = "enable-builtin-rules: [jwt-token]\nexclude-block:\n  regexes: ['begin[^e]*end']\nrules:\n- id: own\n  category: c\n  title: t\n  severity: high\n  regex: (?i)k=(?P<v>[a-z0-9]+)\n  secret-group-name: v\n  keywords: [K=]\n  allow-rules:\n  - id: x\n    regex: dummy\n- id: shell\n  severity: low\n  path: \\.sh$\n  regex: 'p:\\d+'\n";
    let found = search(text, "a.sh", format!("K=abc k=dummy1\nbegin k=zzz end\np:12 {TOKEN}\n").as_bytes());
    assert_eq!(short(&found), ["own:1-1@2 K=*** k=dummy1", &format!("shell:3-3@31 **** {TOKEN}")]);
    assert!(short(&search(text, "a.txt", b"p:1234567890 ")).is_empty());
}

#[test]
fn bytes_that_are_no_text() {
    let text = [b"caf\xe9 \xff\xfe= ", TOKEN.as_bytes(), b" \xe9\xe9 x\n"].concat();
    let found = search("", "latin", &text);
    assert_eq!(
        short(&found),
        [format!("github-pat:1-1@9 caf\u{fffd} \u{fffd}= {} \u{fffd} x", "*".repeat(40))]
    );
    // Any number of signs between: one a character, one a byte that is none.
    let rule = "enable-builtin-rules: [x]\nrules:\n- {id: a, severity: low, regex: 'k.{3}v'}\n";
    for (text, want) in
        [(&b"k\xff\xff\xffv......"[..], 1), ("kééév.....".as_bytes(), 1), (b"k\xff\xffv.......", 0)]
    {
        assert_eq!(short(&search(rule, "a", text)).len(), want, "{text:?}");
    }
}

/// A secret anywhere in a long file is found once, at its place.
#[test]
fn across_pieces() {
    for at in [0, 10, 61_400, 61_440, 65_500, 65_536, 122_860, 126_900, 199_000] {
        let mut bytes = b"line of text\n".repeat(16_000);
        bytes.truncate(200_000);
        bytes.splice(at..at, format!(" {TOKEN} ").into_bytes());
        let found = search("", "long.txt", &bytes);
        let one: Vec<_> = found.files.iter().flat_map(|f| &f.findings).collect();
        let line = 1 + bytes[..=at].iter().filter(|b| **b == b'\n').count() as u64;
        assert_eq!(one.len(), 1, "{at}: {found:?}");
        assert_eq!((one[0].offset, one[0].start_line), (at as u64 + 1, line), "{at}");
        assert!(one[0].lines.iter().any(|l| l.cause && l.number == line), "{at}");
    }
}

/// Endless lines, and more secrets than there is room for.
#[test]
fn bounded() {
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(self.0 as usize);
            buffer[..count].fill(b'k');
            self.0 -= count as u64;
            Ok(count)
        }
    }
    let rules = Arc::new(Rules::default());
    let mut search = Search::new(&rules, true, &Limits::default());
    search.file("one/line", &mut Endless(64 << 20)).unwrap();
    assert!(search.piece_capacity() <= 64 << 10);
    let limits = Limits { secret_bytes: 10_000, ..Limits::default() };
    let mut search = Search::new(&rules, true, &limits);
    search.file("many", &mut format!("{TOKEN}\n").repeat(1000).as_bytes()).unwrap();
    let found = search.finish();
    let kept = found.files[0].findings.len() as u64;
    assert!(kept > 5 && kept < 50 && found.cut >= 1000 - kept, "{kept} {}", found.cut);
    assert_eq!(found.files[0].path, "/many");
}

#[test]
fn a_torn_file_says_so() {
    struct Torn;
    impl Read for Torn {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::UnexpectedEof.into())
        }
    }
    let rules = Arc::new(Rules::default());
    let mut search = Search::new(&rules, true, &Limits::default());
    assert!(search.file("a", &mut (format!("x: {TOKEN}\n").repeat(20).as_bytes()).chain(Torn)).is_err());
    assert_eq!(search.finish().files.len(), 0);
}

proptest::proptest! {
    /// Whatever the bytes: an answer, places within the file, each with its line.
    #[test]
    fn any_bytes(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                &b"\n"[..], b"\r\n", b" ", b"\xff", b"\xc3\xa9", b"\xe2\x84\xaaey=", b"'", b"ghp_0123456789abcdefghijABCDEFGHIJ012345",
                b"aws_key", b"=", b"0123456789abcdefABCDEF0123456789abcdefAB", b"-----BEGIN PRIVATE KEY-----", b"-----END PRIVATE KEY-----",
                b"facebook: ", b"<password>", b"</password>", b"words in between that say nothing at all, and a few more of them",
            ]),
            0..200,
        ),
    ) {
        let bytes = parts.concat();
        let lines = bytes.iter().filter(|b| **b == b'\n').count() as u64 + 1;
        let found = search("", "app/settings.xml", &bytes);
        for finding in found.files.iter().flat_map(|file| &file.findings) {
            proptest::prop_assert!(finding.offset < bytes.len() as u64);
            proptest::prop_assert!(finding.start_line <= finding.end_line && finding.end_line <= lines);
            proptest::prop_assert!(finding.lines.iter().any(|line| line.cause && line.number == finding.start_line));
            proptest::prop_assert!(!finding.matched.contains('\n'));
        }
    }
}
