//! Alerts in the shapes of others: OpenTelemetry logs, syslog messages.
//!
//! OTLP: the JSON encoding of `opentelemetry-proto` logs 1.x. Syslog: RFC 5424, and the local form of `syslog(3)`.

use crate::alert::{Alert, Shape};
use crate::rule::Priority;
use serde_json::{Value, json};

/// A request of the OTLP/HTTP logs endpoint with these alerts.
pub fn otlp(alerts: &[&Alert], shape: &Shape) -> Value {
    let records: Vec<Value> = alerts.iter().map(|alert| record(alert, shape)).collect();
    json!({
        "resourceLogs": [{
            "resource": {"attributes": [attribute("service.name", &json!("ringwall"))]},
            "scopeLogs": [{
                "scope": {"name": "ringwall.detect", "version": env!("CARGO_PKG_VERSION")},
                "logRecords": records,
            }],
        }],
    })
}

fn record(alert: &Alert, shape: &Shape) -> Value {
    let (number, text) = severity(alert.priority);
    let mut attributes = vec![
        attribute("rule", &json!(alert.rule)),
        attribute("priority", &json!(alert.priority.name())),
        attribute("source", &json!(alert.source)),
        attribute("hostname", &json!(alert.hostname)),
        attribute("tags", &json!(alert.tags)),
        attribute("count", &json!(alert.count)),
    ];
    attributes.extend(alert.fields.iter().map(|(key, value)| attribute(key, value)));
    json!({
        "timeUnixNano": alert.time.unwrap_or(0).to_string(),
        "severityNumber": number,
        "severityText": text,
        "body": {"stringValue": alert.text(shape)},
        "attributes": attributes,
    })
}

fn attribute(key: &str, value: &Value) -> Value {
    json!({"key": key, "value": any(value)})
}

/// A value as OTLP's JSON has it: whole numbers are texts there.
fn any(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(b) => json!({"boolValue": b}),
        Value::Number(n) if n.is_f64() => json!({"doubleValue": n}),
        Value::Number(n) => json!({"intValue": n.to_string()}),
        Value::String(text) => json!({"stringValue": text}),
        Value::Array(all) => json!({"arrayValue": {"values": all.iter().map(any).collect::<Vec<_>>()}}),
        Value::Object(_) => json!({"stringValue": value.to_string()}),
    }
}

/// Number and text of a priority among OTLP's severities.
fn severity(priority: Priority) -> (u8, &'static str) {
    match priority {
        Priority::Emergency => (24, "FATAL4"),
        Priority::Alert => (22, "FATAL2"),
        Priority::Critical => (21, "FATAL"),
        Priority::Error => (17, "ERROR"),
        Priority::Warning => (13, "WARN"),
        Priority::Notice => (10, "INFO2"),
        Priority::Informational => (9, "INFO"),
        Priority::Debug => (5, "DEBUG"),
    }
}

/// The facility alerts are logged under: user-level messages, as the reference's.
const FACILITY: u8 = 1;

/// The number before a syslog message.
fn pri(priority: Priority) -> u8 {
    let severity = Priority::ALL.iter().position(|p| *p == priority).unwrap_or(0);
    FACILITY.saturating_mul(8).saturating_add(u8::try_from(severity).unwrap_or(0))
}

/// A message of RFC 5424. `program` and `process` name who sends it.
pub fn syslog(alert: &Alert, text: &str, program: &str, process: u32) -> String {
    let time = match alert.time {
        // Six digits of a second are the most there may be.
        Some(at) => {
            crate::time::zulu(at.checked_div(1000).unwrap_or(0).saturating_mul(1000)).replacen("000Z", "Z", 1)
        }
        None => "-".to_owned(),
    };
    let word = |text: &str, most: usize| {
        let word: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
        if word.is_empty() { "-".to_owned() } else { word }
    };
    let host = word(&alert.hostname, 255);
    format!("<{}>1 {time} {host} {} {process} - - {}", pri(alert.priority), word(program, 48), line(text))
}

/// A message for the machine's own log socket.
pub fn local_syslog(alert: &Alert, text: &str, program: &str, process: u32) -> String {
    format!("<{}>{program}[{process}]: {}", pri(alert.priority), line(text))
}

/// One line, whatever was in the text.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    crate::output::push_safe(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert {
        let line = r#"{"rule":"r","priority":"Critical","source":"syscall","hostname":"n 1","tags":["t"],"time":"2026-03-01T10:00:00.123456789Z","output":"one\ntwo","output_fields":{"a":1,"b":true,"c":null,"d":["x"],"e":"y"}}"#;
        crate::import(line.as_bytes(), &Default::default()).alerts.pop().unwrap()
    }

    #[test]
    fn log_records() {
        let alert = alert();
        let request = otlp(&[&alert, &alert], &Shape::default());
        let records = request.pointer("/resourceLogs/0/scopeLogs/0/logRecords").unwrap().as_array().unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0]["severityNumber"], 21);
        assert_eq!(records[0]["timeUnixNano"], "1772359200123456789");
        let value = |key: &str| {
            let all = records[0]["attributes"].as_array().unwrap();
            all.iter().find(|a| a["key"] == key).unwrap()["value"].clone()
        };
        assert_eq!(value("a"), json!({"intValue": "1"}));
        assert_eq!(value("b"), json!({"boolValue": true}));
        assert_eq!(value("c"), json!({}));
        assert_eq!(value("d"), json!({"arrayValue": {"values": [{"stringValue": "x"}]}}));
        assert_eq!(value("rule"), json!({"stringValue": "r"}));
    }

    #[test]
    fn syslog_lines() {
        let alert = alert();
        let text = alert.text(&Shape::default());
        assert_eq!(
            syslog(&alert, &text, "ringwall", 7),
            "<10>1 2026-03-01T10:00:00.123456Z n1 ringwall 7 - - one\\ntwo"
        );
        assert_eq!(local_syslog(&alert, "x\u{1b}[0m", "falco", 7), "<10>falco[7]: x\\u001b[0m");
        assert_eq!(pri(Priority::Debug), 15);
    }
}
