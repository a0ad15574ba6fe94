//! One rule over one audit line, to alerts, findings and facts; and the guide's rule alone.

use detect::alert::Shape;
use detect::falco::{Code, Limits, Loader};
use detect::{Alert, Engine, Matching, Run};
use model::{AlertClass, Predicate, Target};

const RULES: &str = r#"
- required_engine_version: 0.57.0
- list: stages
  items: ["ResponseComplete"]
- list: known
  items: [admin, robot one]
- macro: done
  condition: (jevt.value[/stage] in (stages))
- macro: secret
  condition: ka.target.resource=secrets and not ka.target.subresource exists
- rule: Secret read
  desc: someone reads a Secret
  condition: done and secret and ka.verb in (get, list) and not ka.user.name in (known)
  output: Secret read (user=%ka.user.name ns=%ka.target.namespace uid=%ka.req.pod.host_pid)
  priority: ERROR
  source: k8s_audit
  tags: [k8s, mitre_credential_access]
- rule: Shell in pod
  desc: someone runs a command in a pod
  condition: jevt.value[/stage]=ResponseStarted and ka.target.subresource in (exec, attach)
  output: exec (command=%ka.uri.param[command])
  priority: NOTICE
  source: k8s_audit
  exceptions:
    - name: robots
      fields: [ka.user.name, ka.target.namespace]
      comps: [=, in]
      values:
        - [robot one, [ci, cd]]
"#;

fn line(stage: &str, verb: &str, user: &str, object: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","stage":"{stage}","verb":"{verb}","requestURI":"/x?command=sh%20-c&command=2","user":{{"username":"{user}"}},"objectRef":{{{object}}},"stageTimestamp":"2026-03-01T10:00:00.5Z"}}"#
    )
}

fn run(rules: &str, lines: &[String]) -> (Vec<Alert>, Run) {
    let mut loader = Loader::new(Limits::default());
    let result = loader.file("rules.yaml", rules.as_bytes());
    assert!(result.problems.is_empty(), "{}", result.text(true));
    let (engine, errors) = Engine::compile(loader.rules(), "k8s_audit", Matching::All);
    assert!(errors.is_empty(), "{errors:?}");
    let (mut run, mut alerts) = (Run::default(), Vec::new());
    let text = lines.join("\n");
    let reading = event::audit::read(text.as_bytes(), &Default::default(), &mut |_, event| {
        engine.audit(&mut run, event, &mut |alert| alerts.push(alert));
    });
    run.counts.drop("not an event", reading.garbage);
    (alerts, run)
}

const SECRET: &str = r#""resource":"secrets","namespace":"shop","name":"db""#;
const EXEC: &str = r#""resource":"pods","namespace":"shop","name":"web-1","subresource":"exec""#;

#[test]
fn hits_misses_and_edges() {
    let lines = [
        line("ResponseComplete", "get", "ann", SECRET),
        line("ResponseComplete", "get", "admin", SECRET),
        line("ResponseComplete", "get", "robot one", SECRET),
        line("RequestReceived", "get", "ann", SECRET),
        line("ResponseComplete", "delete", "ann", SECRET),
        line("ResponseStarted", "create", "ann", EXEC),
        line("ResponseStarted", "create", "robot one", &EXEC.replace("shop", "cd")),
        line("ResponseStarted", "create", "robot one", EXEC),
        "{ broken".to_owned(),
    ];
    let (alerts, run) = run(RULES, &lines);
    let seen: Vec<(u64, &str)> = alerts.iter().map(|a| (a.number, a.rule.as_str())).collect();
    assert_eq!(seen, [(1, "Secret read"), (6, "Shell in pod"), (8, "Shell in pod")]);
    assert_eq!(alerts[0].message, "Secret read (user=ann ns=shop uid=<NA>)");
    assert_eq!(alerts[1].message, "exec (command=sh -c)");
    assert_eq!(
        alerts[0].text(&Shape::default()),
        "10:00:00.500000000: Error Secret read (user=ann ns=shop uid=<NA>)"
    );
    let json = alerts[0].json(&Shape::default());
    assert_eq!(json["output_fields"]["ka.req.pod.host_pid"], serde_json::Value::Null);
    assert_eq!(json["output_fields"]["ka.user.name"], "ann");
    assert_eq!(json["time"], "2026-03-01T10:00:00.500000000Z");
    let counts = &run.counts;
    assert_eq!((counts.seen, counts.matched, counts.unmatched, counts.dropped["not an event"]), (9, 3, 5, 1));
    assert_eq!(counts.alerts["Shell in pod"], 2);
}

#[test]
fn alerts_are_facts_and_findings() {
    let lines = [
        line("ResponseComplete", "get", "system:serviceaccount:shop:web", SECRET),
        line("ResponseStarted", "get", "ann", EXEC),
    ];
    let (alerts, _) = run(RULES, &lines);
    let facts = detect::facts(&alerts, &"audit.log".into());
    let class = |n: usize| match &facts[n].predicate {
        Predicate::Alerted(alert) => alert.class,
        other => panic!("{other:?}"),
    };
    assert_eq!(facts[0].target, Target::Identity(model::Identity::account("shop", "web")));
    assert_eq!(facts[1].target, Target::PodName { namespace: "shop".into(), name: "web-1".into() });
    assert_eq!((class(0), class(1)), (AlertClass::Credentials, AlertClass::Execution));
    let findings = detect::findings(&alerts, &"audit.log".into());
    assert_eq!(
        findings.iter().map(|f| f.severity).collect::<Vec<_>>(),
        [model::Severity::High, model::Severity::Low]
    );
}

#[test]
fn the_guides_rule_alone_names_the_file_to_add() {
    let rule = "- rule: Terminal shell\n  desc: x\n  condition: container and shell_procs and proc.tty != 0\n  output: x\n  priority: WARNING\n";
    let mut loader = Loader::new(Limits::default());
    let result = loader.file("falco-shell.yaml", rule.as_bytes());
    let error = result.errors().next().expect("an error");
    assert_eq!(
        (error.code, error.message.as_str()),
        (Code::ErrValidate, "undefined macro 'container' used in filter")
    );
    assert!(error.help.as_deref().is_some_and(|help| help.contains("falco_rules.yaml")));
    assert!(loader.rules().rules.is_empty());
    let json = result.json();
    assert_eq!(
        (json["successful"].as_bool(), json["errors"][0]["code"].as_str()),
        (Some(false), Some("LOAD_ERR_VALIDATE"))
    );
}

#[test]
fn costs_are_charged_to_the_rule_that_asks_first() {
    let rule = |name: &str, condition: &str| {
        format!(
            "- rule: {name}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n  source: k8s_audit\n"
        )
    };
    let rules =
        [rule("one", "ka.verb=get and ka.user.name=ann"), rule("two", "ka.verb=get and ka.target.name=db")]
            .concat();
    let mut loader = Loader::new(Limits::default());
    assert!(loader.file("r", rules.as_bytes()).successful());
    let (engine, _) = Engine::compile(loader.rules(), "k8s_audit", Matching::All);
    let mut run = Run::default();
    run.count_costs(&engine);
    let text =
        [line("ResponseComplete", "get", "bob", SECRET), line("ResponseComplete", "list", "ann", SECRET)]
            .join("\n");
    event::audit::read(text.as_bytes(), &Default::default(), &mut |_, event| {
        engine.audit(&mut run, event, &mut |_| {});
    });
    assert_eq!(engine.costs(&run).collect::<Vec<_>>(), [("one", 3), ("two", 1)]);
    assert_eq!(engine.costs(&Run::default()).count(), 0);
}
