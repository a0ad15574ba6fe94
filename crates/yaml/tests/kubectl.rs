//! This reader and the decoder kubectl uses say the same.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "tests read files and run the peer, and may fail"
)]

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/oracle.rs"]
mod oracle;

use corpus::corpus;
use oracle::{Answer, oracle};
use std::collections::BTreeMap;
use yaml::{Caps, Value};

/// Every difference of one text, in words.
fn differences(text: &[u8], theirs: &[Answer]) -> Vec<String> {
    let ours: Vec<Result<Value, (String, String)>> = yaml::stream(text, &Caps::default())
        .filter_map(|part| match part {
            Ok(document) => Some(Ok(document.value)),
            Err(d) if d.level == model::Level::Warning => None,
            Err(d) => Some(Err((d.code.to_owned(), d.message))),
        })
        .collect();
    let theirs: Vec<&Answer> = theirs
        .iter()
        .filter(|a| a.error.is_some() || a.value.as_ref().is_some_and(|v| !v.is_null()))
        .collect();
    let mut told = Vec::new();
    if ours.len() != theirs.len() {
        told.push(format!("{} documents here, {} there", ours.len(), theirs.len()));
    }
    for (ours, theirs) in ours.iter().zip(theirs) {
        match (ours, &theirs.value) {
            (Ok(a), Some(b)) if a == b => {}
            (Ok(a), Some(b)) => told.push(format!("here {a}, there {b}")),
            (Err(_), None) => {}
            (Err((code, _)), Some(_)) if code == "yaml/duplicate-key" && theirs.strict.is_some() => {}
            (Err((code, message)), Some(b)) => told.push(format!("here {code} {message}, there {b}")),
            (Ok(a), None) => {
                told.push(format!("here {a}, there {}", theirs.error.as_deref().unwrap_or_default()))
            }
        }
    }
    told
}

#[test]
fn corpus_reads_the_same() {
    let Some(files) = corpus(&[".yaml", ".yml", ".json"]) else { return };
    let texts: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    let Some(answers) = oracle(&texts) else { return };
    assert_eq!(answers.len(), files.len());
    let mut unexplained = BTreeMap::new();
    let (mut read, mut refused) = (0, 0);
    for ((file, text), theirs) in files.iter().zip(&texts).zip(&answers) {
        read += theirs.iter().filter(|a| a.value.as_ref().is_some_and(|v| !v.is_null())).count();
        refused += theirs.iter().filter(|a| a.error.is_some()).count();
        let told = differences(text, theirs);
        if !told.is_empty() {
            unexplained.insert(file.display().to_string(), told);
        }
    }
    println!("{} files, {read} documents read, {refused} refused", files.len());
    let mut codes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (file, text) in files.iter().zip(&texts) {
        for diagnostic in yaml::read(text, &Caps::default()).1 {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            codes.entry(diagnostic.code).or_default().push(format!("{file}: {}", diagnostic.message));
        }
    }
    println!("told here: {codes:#?}");
    let shown =
        |told: &Vec<String>| told.iter().map(|t| t.chars().take(400).collect::<String>()).collect::<Vec<_>>();
    for (file, told) in &unexplained {
        println!("{file}: {:#?}", shown(told));
    }
    assert!(unexplained.is_empty(), "{} files differ", unexplained.len());
}

/// Every string of up to `longest` parts.
fn strings(parts: &[&str], longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last.iter().flat_map(|s| parts.iter().map(move |part| format!("{s}{part}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// Texts on which the two differ.
fn unequal(texts: &[String]) -> Option<Vec<String>> {
    let bytes: Vec<Vec<u8>> = texts.iter().map(|text| text.clone().into_bytes()).collect();
    let answers = oracle(&bytes)?;
    assert_eq!(answers.len(), texts.len());
    let told = texts.iter().zip(&answers).filter_map(|(text, theirs)| {
        let told = differences(text.as_bytes(), theirs);
        (!told.is_empty()).then(|| format!("{text:?}: {}", told.join("; ")))
    });
    Some(told.collect())
}

#[test]
fn scalars_mean_the_same() {
    let parts = ["0", "1", "7", "8", "_", ".", "+", "-", "e", "E1", "x", "o", "b", "F", "1234567"];
    let mut scalars = strings(&parts, 4);
    let words = [
        "~",
        "null",
        "Null",
        "NULL",
        "nULL",
        "y",
        "Y",
        "yes",
        "Yes",
        "YES",
        "yEs",
        "n",
        "N",
        "no",
        "No",
        "NO",
        "on",
        "On",
        "ON",
        "off",
        "Off",
        "OFF",
        "true",
        "True",
        "TRUE",
        "tRUE",
        "false",
        "False",
        "FALSE",
        ".nan",
        ".NaN",
        ".NAN",
        ".inf",
        ".Inf",
        ".INF",
        "+.inf",
        "-.INF",
        ".iNF",
        "inf",
        "nan",
        "Infinity",
        "<<",
        "=",
        "1:30",
        "190:20:30",
        "2001-01-01",
        "2001-1-1 1:2:3",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "+9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "1e20",
        "1e21",
        "1e22",
        "1e19",
        "-1e19",
        "9007199254740993",
        "9007199254740993.0",
        "123456789012345678901234567890",
        "1e308",
        "1e309",
        "-1e309",
        "1e-400",
        "0.1",
        "1.10",
        "3.0",
        "-0",
        "-0.0",
        "+0",
        "0x7fffffffffffffff",
        "0xffffffffffffffff",
        "0x10000000000000000",
        "-0xff",
        "0b1_0",
        "0.000001",
        "0.0000001",
        "1e6",
        "1e5",
        "123456.7",
        "1234567.8",
        "1_000.5",
        ".5_0",
        "0777777777777777777777",
        "01777777777777777777777",
        "1__2",
        "12e03",
        "12e+03",
        "٣",
        "１",
    ];
    scalars.extend(words.map(String::from));
    let tags = [
        "!!str",
        "!!int",
        "!!float",
        "!!bool",
        "!!null",
        "!!timestamp",
        "!!binary",
        "!",
        "!x",
        "!!map",
        "!<tag:yaml.org,2002:int>",
    ];
    let mut texts: Vec<String> = scalars.iter().map(|s| format!("k: {s}\n")).collect();
    texts.extend(
        scalars.iter().filter(|s| s.len() < 4 || words.contains(&s.as_str())).map(|s| format!("{s}: k\n")),
    );
    for word in words.iter().chain(&[
        "2001-02-29",
        "2000-02-29",
        "2001-1-1T1:2:3Z",
        "2001-1-1t1:2:3.5+01:00",
        "aGk=",
        "aGk",
        "aGl=",
        "",
    ]) {
        for tag in tags {
            texts.push(format!("k: {tag} {word}\n"));
            texts.push(format!("k: {tag} \"{word}\"\n"));
            texts.push(format!("{tag} {word}: 1\n"));
        }
        texts.push(format!("k: '{word}'\n"));
        texts.push(format!("'{word}': k\n"));
        texts.push(format!("a: &a {word}\n*a : 1\nb: *a\n"));
    }
    let Some(told) = unequal(&texts) else { return };
    println!("{} scalars", texts.len());
    assert!(
        told.is_empty(),
        "{} of {} differ:\n{}",
        told.len(),
        texts.len(),
        told[..told.len().min(60)].join("\n")
    );
}

/// Small numbers, the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// A few changes of the kind that matter to a scanner.
fn mutated(text: &str, dice: &mut Dice) -> String {
    const PARTS: [&str; 44] = [
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "- ",
        ": ",
        ":",
        "? ",
        "#",
        " #",
        "'",
        "\"",
        "|",
        ">",
        "|-\n",
        ">+\n",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "<<: *a",
        "---\n",
        "...\n",
        "%",
        "@",
        "`",
        "\\",
        "~",
        "0x1",
        "yes",
        "é",
        "\r\n",
        "\r",
        "key: value\n",
        "\n  ",
        "|2\n",
        "a: b: c",
        "\u{feff}",
    ];
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..1 + dice.below(3) {
        let at = dice.below(chars.len() + 1);
        match dice.below(5) {
            0 => {
                let to = (at + 1 + dice.below(4)).min(chars.len());
                chars.drain(at.min(to)..to);
            }
            1 if at < chars.len() => {
                let to = dice.below(chars.len());
                chars.swap(at, to);
            }
            _ => {
                chars.splice(at..at, PARTS[dice.below(PARTS.len())].chars());
            }
        }
    }
    chars.into_iter().collect()
}

/// Documents that use what the language has, so that a clone without the corpus tests something.
const OWN: [&str; 10] = [
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web # a note\n  labels: {app: web, \"tier\": 'front'}\nspec:\n  containers:\n  - name: web\n    image: registry.test/web:1\n    args: [\"--port\", '80', -v, on]\n",
    "kind: ConfigMap\ndata:\n  a: |\n    one\n      two\n\n    three\n  b: >-\n    folded\n    text\n\n    more\n  c: \"x\\ty\\\n    z\"\n  d: 'it''s'\n",
    "base: &base\n  cpu: 100m\n  memory: 1Gi\nweb:\n  <<: *base\n  cpu: 200m\nlist:\n- *base\n- <<: [*base, {x: 1}]\n",
    "kind: List\nitems:\n- kind: A\n  spec: {}\n-\n  kind: B\n  spec:\n    - - 1\n      - 2\n    - []\n- kind: C\n",
    "a: 1\n---\n# only a comment\n---\nb: 0x1F\nc: 0o17\nd: 017\ne: 1_000\nf: 1e3\ng: .5\nh: ~\ni: yes\n---\nlast: true",
    "? key\n: value\n? [not, a, key]\n: x\n",
    "long: this is a plain\n  scalar over\n\n  several lines\nurl: http://registry.test:80/a?b=c#d\ntime: 10:30\nempty:\nnext: \"\"\n",
    "{\"kind\": \"Pod\", \"spec\": {\"x\": [1, 2.5, null, true, \"a\\u00e9\"]}}\n",
    "rules:\n- apiGroups: [\"\"]\n  resources: [\n    pods,\n    \"secrets\" ]\n  verbs: [get,list, watch]\n- nonResourceURLs: ['*']\n  verbs: ['*']\n",
    "!!map {a: !!str 1, b: !!int \"2\", c: !x [d], \"e\":f, g: {h: }}\n",
];

/// Whether the two may differ on a text: what is beside a separator or before a document's first node is
/// refused here and lost there.
fn marked(text: &str) -> bool {
    text.lines().any(|line| {
        let beside = line.strip_prefix("---").map(str::trim);
        beside.is_some_and(|beside| !(beside.is_empty() || beside.starts_with('#')))
            || line.starts_with("...")
    })
}

#[test]
fn changed_documents_never_change_their_meaning() {
    let mut dice = Dice(7);
    let mut texts: Vec<String> =
        OWN.iter().flat_map(|text| vec![*text; 400]).map(|t| mutated(t, &mut dice)).collect();
    for file in corpus(&[".yaml", ".yml"]).unwrap_or_default().iter().step_by(4) {
        let text = std::fs::read(file).unwrap();
        if text.len() < 3000
            && let Ok(text) = String::from_utf8(text)
        {
            texts.extend((0..6).map(|_| mutated(&text, &mut dice)));
        }
    }
    texts.retain(|text| !marked(text));
    let bytes: Vec<Vec<u8>> = texts.iter().map(|text| text.clone().into_bytes()).collect();
    let Some(answers) = oracle(&bytes) else { return };
    let (mut same, mut refused, mut only_here, mut only_there, mut different) = (0, 0, 0, 0, Vec::new());
    for (text, theirs) in texts.iter().zip(&answers) {
        let told = differences(text.as_bytes(), theirs);
        match told.first() {
            None if theirs.iter().any(|answer| answer.error.is_some()) => refused += 1,
            None => same += 1,
            Some(first) if first.starts_with("here yaml/") => only_here += 1,
            // A lone scalar at the root is no resource.
            Some(first) if first.contains(", there \"") => only_here += 1,
            Some(first)
                if ["yaml: ", "json: ", "error converting"]
                    .iter()
                    .any(|e| first.contains(&format!(", there {e}"))) =>
            {
                only_there += 1;
            }
            // After broken JSON kubectl gives up, and this reader goes on at the next value.
            Some(first)
                if first.contains(" documents here")
                    && text.starts_with('{')
                    && theirs.iter().any(|a| a.error.is_some()) =>
            {
                refused += 1;
            }
            Some(first) => different.push(format!("{text:?}: {first}")),
        }
    }
    let all = texts.len();
    println!(
        "{all} texts: {same} read the same, {refused} refused by both, {only_here} only here, {only_there} only there"
    );
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(same * 10 > all * 3 && refused * 10 > all, "one side is too small");
    assert!(only_here * 50 < all && only_there * 100 < all, "too many refused by one alone");
}
