//! Audit events asked by rules, in one piece and in many: the same alerts, whatever the bytes.
#![no_main]

use detect::falco::Loader;
use detect::{Engine, Matching, Run};
use event::audit::{Limits, Stream};
use std::sync::OnceLock;

const RULES: &str = "\
- rule: all
  desc: every event
  condition: evt.num > 0
  output: \"%ka.verb %ka.user.name %ka.user.groups %ka.target.name %ka.req.pod.containers.image %ka.req.role.rules.verbs %ka.uri.param[command] %jevt.value[/a/0/b] %ka.response.code %ka.req.pod.volumes.hostpath\"
  priority: INFO
  source: k8s_audit
";

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut loader = Loader::new(Default::default());
        assert!(loader.file("r", RULES.as_bytes()).successful());
        Engine::compile(loader.rules(), "k8s_audit", Matching::All).0
    })
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits { line: 1 << 16, diagnostics: 8 };
    let (mut run, mut alerts) = (Run::default(), Vec::new());
    let whole = event::audit::read(data, &limits, &mut |_, event| {
        engine().audit(&mut run, event, &mut |alert| alerts.push(alert.json_line(&Default::default())));
    });
    assert_eq!(whole.events, alerts.len() as u64);
    assert!(alerts.iter().all(|line| !line.contains('\n')));
    let (mut run, mut again, mut stream) = (Run::default(), Vec::new(), Stream::new(limits));
    let mut each = |_: u32, event: &event::AuditEvent<'_>| {
        engine().audit(&mut run, event, &mut |alert| again.push(alert.json_line(&Default::default())));
    };
    data.chunks(29).for_each(|piece| stream.push(piece, &mut each));
    stream.finish(&mut each);
    if data.len() < limits.line {
        assert_eq!(alerts, again);
    }
});
