//! Any bytes: no panic, positions within the text, every value of a document can be located in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yaml::{Caps, Places, Value, items, read};

fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    if out.len() < 20 {
        match value {
            Value::Array(all) => all.iter().enumerate().for_each(|(n, v)| pointers(v, &format!("{at}/{n}"), out)),
            Value::Object(all) => all.iter().for_each(|(k, v)| {
                pointers(v, &format!("{at}/{}", k.replace('~', "~0").replace('/', "~1")), out);
            }),
            _ => {}
        }
        out.push(at.to_owned());
    }
}

fuzz_target!(|text: &[u8]| {
    let caps = Caps { nodes: 10_000, aliases: 10_000, documents: 100, ..Caps::default() };
    let (documents, diagnostics) = read(text, &caps);
    for diagnostic in diagnostics {
        assert!(diagnostic.position.is_some_and(|position| position.offset <= text.len() as u64));
    }
    for document in documents {
        let mut all = Vec::new();
        pointers(&document.value, "", &mut all);
        let mut places = Places::new(text, document.offset).expect("a document that was read is there");
        for pointer in all {
            let place = places.get(&pointer).expect("what was read stands somewhere");
            assert!(place.at.offset >= document.offset && place.at.offset + place.length <= text.len() as u64);
        }
        let _ = items(document);
    }
});
