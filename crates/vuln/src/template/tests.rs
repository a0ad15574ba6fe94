//! Templates and what comes of them.

use super::*;
use std::collections::BTreeMap;

fn world() -> World {
    World {
        now: "2021-08-25T12:20:30.000000005Z".parse().unwrap(),
        environment: BTreeMap::from([("HOME".to_owned(), "/h".to_owned())]),
        version: "9.9".to_owned(),
    }
}

fn data() -> Value {
    static SHAPE: Shape = Shape {
        name: "x.Thing",
        fields: &[
            Field::always("Name", Kind::Text),
            Field::new("Count", Kind::Int),
            Field::new("Tags", Kind::List(&Kind::Text)),
            Field::new("Scores", Kind::Map(&Kind::Int)),
            Field::new("Inner", Kind::Embedded(&INNER)),
            Field::new("Nothing", Kind::Pointer(&INNER)),
            Field::new("Severity", Kind::Named(&["NONE", "SOME"])),
        ],
    };
    static INNER: Shape =
        Shape { name: "x.Inner", fields: &[Field::new("Title", Kind::Text), Field::new("At", Kind::Time)] };
    SHAPE.read(&serde_json::json!({
        "Name": "a<b", "Tags": ["x", "y", "z"], "Scores": {"nvd": 3, "a": 1}, "Title": "t", "At": "2020-01-02T03:04:05Z", "Severity": 1
    }))
}

fn run(text: &str) -> Result<String, TemplateError> {
    let caps = Caps { steps: 100_000, output: 1 << 20, depth: 50, ..Caps::default() };
    let out = Template::parse(text, &caps)?.run(data(), &world(), &caps)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// A template and what Go makes of it.
static TABLE: &[(&str, &str)] = &[
    ("{{ .Name }} {{ .Count }} {{ .Title }} {{ .Inner.Title }}", "a<b 0 t t"),
    (
        "{{ .Tags }} {{ .Scores }} {{ .At }} {{ .Severity }} {{ .Nothing }}",
        "[x y z] map[a:1 nvd:3] 2020-01-02 03:04:05 +0000 UTC SOME <nil>",
    ),
    ("{{ printf \"%d\" .Severity }} {{ .Severity.String }}", "1 SOME"),
    ("{{ range $i, $t := .Tags }}{{ if $i }}, {{ end }}{{ $i }}={{ $t }}{{ end }}", "0=x, 1=y, 2=z"),
    ("{{ range $k, $v := .Scores }}{{ $k }}{{ $v }};{{ end }}", "a1;nvd3;"),
    ("{{ range .Nothing }}x{{ else }}none{{ end }}", "none"),
    ("{{ range .Tags }}{{ if eq . \"y\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "xz"),
    ("{{ range .Tags }}{{ if eq . \"y\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "x"),
    ("{{ range 3 }}{{ . }}{{ end }}", "012"),
    ("{{ $n := 0 }}{{ range .Tags }}{{ $n = add $n 1 }}{{ end }}{{ $n }}", "3"),
    ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21"),
    ("{{ with .Nothing }}a{{ else with .Title }}b{{ . }}{{ end }}", "bt"),
    ("{{ if .Count }}a{{ else if .Nothing }}b{{ else }}c{{ end }}", "c"),
    ("{{ with $t := .Title }}{{ $t }}{{ $.Name }}{{ end }}", "ta<b"),
    (
        "{{ define \"p\" }}<{{ . }}>{{ end }}{{ template \"p\" .Title }}{{ template \"p\" }}",
        "<t><<no value>>",
    ),
    ("{{ block \"q\" .Title }}[{{ . }}]{{ end }}", "[t]"),
    ("a  {{- 1 -}}  b {{/* c */}} d", "a1b  d"),
    ("{{ index .Tags 1 }}{{ index .Scores \"nvd\" }}{{ index .Scores \"zz\" }}", "y30"),
    ("{{ (index .Tags 0) | upper | printf \"%s-%s\" \"a\" }}", "a-X"),
    ("{{ len .Tags }}{{ len \"é\" }}{{ not 0 }}{{ and 1 0 }}{{ or 0 \"x\" }}", "32true0x"),
    ("{{ and false (fail \"no\") }}{{ or 1 (index .Tags 9) }}", "false1"),
    (
        "{{ eq 1 2 1 }}{{ ne \"a\" \"b\" }}{{ lt 1 2 }}{{ ge 1.5 1.5 }}{{ eq .Severity 1 }}",
        "truetruetruetruetrue",
    ),
    (
        "{{ html \"<'\\\">&\" }}{{ js \"a'<\" }}{{ urlquery \"a b&c\" }}",
        "&lt;&#39;&#34;&gt;&amp;a\\'\\u003Ca+b%26c",
    ),
    ("{{ print 1 2 \"a\" 3 }}|{{ println \"a\" 1 }}", "1 2a3|a 1\n"),
    ("{{ 1.5 }} {{ 0x10 }} {{ 'a' }} {{ `r\\n` }} {{ true }}", "1.5 16 97 r\\n true"),
    (
        "{{ now | date \"2006-01-02\" }} {{ env \"HOME\" }} {{ expandenv \"$HOME/${HOME}x$NO\" }} {{ appVersion }}",
        "2021-08-25 /h /h//hx 9.9",
    ),
    (
        "{{ dict \"a\" 1 \"b\" }}{{ $d := dict }}{{ $_ := set $d \"k\" 5 }}{{ $d.k }}{{ $d.none }}{{ get $d \"x\" }}",
        "map[a:1 b:]5<no value>",
    ),
    (
        "{{ list 1 \"a\" nil }} {{ append (list 1) 2 }} {{ slice (list 1 2 3) 1 2 }} {{ uniq (list 1 1 2) }}",
        "[1 a <nil>] [1 2] [2] [1 2]",
    ),
    (
        "{{ splitList \"(\" \"a (b)\" | last | trimSuffix \")\" }} {{ (split \"/\" \"a/b\")._1 }} {{ join \"-\" .Tags }}",
        "b b x-y-z",
    ),
    (
        "{{ default \"d\" \"\" }}{{ default \"d\" \"v\" }}{{ coalesce 0 \"\" \"c\" }}{{ ternary 1 2 true }}{{ empty .Tags }}",
        "dvc1false",
    ),
    (
        "{{ sha1sum \"a\" }} {{ b64enc \"ab\" }} {{ b32enc \"foob\" }} {{ adler32sum \"abc\" }}",
        "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8 YWI= MZXW6YQ= 38600999",
    ),
    (
        "{{ add 1 \"2\" 3.9 }} {{ sub 5 7 }} {{ mul 2 3 4 }} {{ div 7 2 }} {{ mod 7 2 }} {{ round 3.14159 2 }} {{ addf 0.1 0.2 }}",
        "6 -2 24 3 1 3.14 0.3",
    ),
    ("{{ seq 3 }}|{{ until 3 }}|{{ untilStep 6 0 -2 }}|{{ seq 3 1 }}", "1 2 3|[0 1 2]|[6 4 2]|3 2 1"),
    (
        "{{ abbrev 5 \"hello world\" }} {{ trunc -3 \"hello\" }} {{ substr 1 3 \"hello\" }} {{ nospace \"a b\" }} {{ title \"ab cd\" }}",
        "he... llo el ab Ab Cd",
    ),
    (
        "{{ quote \"a\\\"b\" 1 }} {{ squote \"a\" }} {{ cat \"a\" 1 }} {{ repeat 3 \"x\" }} {{ replace \"a\" \"b\" \"aca\" }}",
        "\"a\\\"b\" \"1\" 'a' a 1 xxx bcb",
    ),
    ("{{ indent 2 \"a\\nb\" }}{{ nindent 1 \"c\" }}", "  a\n  b\n c"),
    (
        "{{ regexFind \"b+\" \"abbc\" }} {{ regexReplaceAll \"a(x*)b\" \"-ab-axxb-\" \"${1}W\" }} {{ regexSplit \"z+\" \"pizza\" -1 }} {{ regexMatch \"^a\" \"ba\" }}",
        "bb -W-xxW- [pi a] false",
    ),
    (
        "{{ toJson . }}",
        "{\"Name\":\"a\\u003cb\",\"Tags\":[\"x\",\"y\",\"z\"],\"Scores\":{\"a\":1,\"nvd\":3},\"Title\":\"t\",\"At\":\"2020-01-02T03:04:05Z\",\"Severity\":\"SOME\"}",
    ),
    ("{{ (fromJson \"{\\\"a\\\":[1,2]}\").a }} {{ toRawJson (list \"<\") }}", "[1 2] [\"<\"]"),
    (
        "{{ escapeXML \"a<\\n\" }} {{ escapeString \"'\" }} {{ endWithPeriod \"a\" }}{{ endWithPeriod \"b.\" }}",
        "a&lt;&#xA; &#39; a.b.",
    ),
    (
        "{{ base \"a/b.c\" }} {{ dir \"a/b/c\" }} {{ ext \"a/b.c\" }} {{ clean \"a//b/../c\" }}",
        "b.c a/b .c a/c",
    ),
    ("{{ wrap 5 \"aaa bbb ccc\" }}", "aaa\nbbb\nccc"),
    (
        "{{ dig \"a\" \"b\" \"x\" (dict \"a\" (dict \"b\" 1)) }} {{ hasKey (dict \"a\" 1) \"a\" }} {{ keys (dict \"b\" 1 \"a\" 2) }}",
        "1 true [a b]",
    ),
];

#[test]
fn what_comes_of_them() {
    for (text, want) in TABLE {
        assert_eq!(run(text).as_deref(), Ok(*want), "{text}");
    }
}

#[test]
fn what_is_refused() {
    for (text, why) in [
        ("{{ .Nope }}", "no field Nope in x.Thing"),
        ("{{ .Nothing.Title }}", "nothing to take"),
        ("{{ nope 1 }}", "no function nope"),
        ("{{ genCA 1 }}", "the function genCA is not supported"),
        ("{{ uuidv4 }}", "not supported"),
        ("{{ index .Tags 5 }}", "out of range"),
        ("{{ eq 1 \"a\" }}", "cannot be compared"),
        ("{{ upper 3 }}", "instead of string"),
        ("{{ upper }}", "takes 1 arguments"),
        ("{{ if 1 }}", "if does not end"),
        ("{{ end }}", "end without a beginning"),
        ("{{ break }}", "outside of a range"),
        ("{{ $x }}", "not defined"),
        ("{{ 3 | 4 }}", "is no function"),
        ("{{ .Name 3 }}", "given arguments"),
        ("{{ template \"none\" }}", "no template none"),
        ("{{ fail \"because\" }}", "because"),
        ("{{ div 1 0 }}", "division"),
        ("{{ regexFind \"(\" \"a\" }}", "no regular expression"),
        ("{{ dateInZone \"2006\" now \"Europe/Paris\" }}", "time zone"),
        ("\n\n{{ .Nope }}", "line 3"),
        ("{{ ( }}", "a command is missing"),
        ("{{ }}", "missing"),
    ] {
        let error = run(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn bounded() {
    for text in [
        "{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}",
        "{{ range until 999999 }}{{ range until 999999 }}{{ end }}{{ end }}",
        "{{ range 99999 }}{{ repeat 60000 \"xxxxxxxxxx\" }}{{ end }}",
        "{{ repeat 99999999999 \"x\" }}",
        "{{ until 99999999 }}",
        "{{ indent 99999999 \"a\" }}",
        &"{{ if 1 }}".repeat(1000),
        &format!("{{{{ {} }}}}", "(".repeat(100_000)),
    ] {
        assert!(run(text).is_err(), "{text}");
    }
    let itself = "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ len (print $d) }}{{ len (toJson $d) }}{{ $e := deepCopy $d }}{{ $_ := merge $d $e }}";
    assert!(run(itself).is_ok());
    assert!(Template::parse("{{ 1 }}", &Caps { template: 3, ..Caps::default() }).is_err());
}

proptest::proptest! {
    /// Whatever is written, reading and running it ends.
    #[test]
    fn anything(parts in proptest::collection::vec(proptest::sample::select(vec![
        "{{", "}}", "{{-", "-}}", " ", ".", ".Name", "$x", ":=", "=", "|", "(", ")", "if", "range", "end", "else", "with",
        "define", "\"a\"", "template", "1", "list", "printf", "\"%5v %q\"", "index", ".Tags", "dict", "\n", "é", "'", "`",
    ]), 0..40)) {
        let _ = run(&parts.concat());
    }
}
