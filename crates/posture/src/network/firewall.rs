//! What lets packets through to nodes from outside, read from a document: a Terraform plan or plain rules.
//!
//! Plain: `{"rules": [{"from": ["0.0.0.0/0"], "protocol": "tcp", "ports": [22, "30000-32767"]}]}`; no ports means all.
//! Terraform: `terraform show -json`, of which `aws_security_group`, `aws_security_group_rule`,
//! `aws_vpc_security_group_ingress_rule` and `google_compute_firewall` are understood.

use model::Diagnostic;
use serde_json::Value;

/// What a document may weigh, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

/// One opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Blocks of addresses it is open to.
    pub from: Vec<String>,
    /// First and last port.
    pub ports: (u16, u16),
    /// Where it is written: a rule's address in the plan, or its place in the list.
    pub name: String,
}

/// Every opening of a document. That it belongs to the nodes is the word of whoever gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firewall {
    /// Openings for TCP.
    pub openings: Vec<Opening>,
}

impl Firewall {
    /// Reads a document. What is not understood is told: it may open more.
    pub fn parse(text: &[u8]) -> Result<(Self, Vec<Diagnostic>), String> {
        if text.len() > MAX_BYTES {
            return Err(format!("more than {MAX_BYTES} bytes"));
        }
        let value: Value = serde_json::from_slice(text).map_err(|error| format!("no JSON: {error}"))?;
        let mut reader = Reader::default();
        if let Some(rules) = value.get("rules").and_then(Value::as_array) {
            for (index, rule) in rules.iter().enumerate() {
                reader.plain(&format!("rule {index}"), rule);
            }
        } else if let Some(root) =
            value.pointer("/planned_values/root_module").or_else(|| value.pointer("/values/root_module"))
        {
            reader.module(root, 0);
        } else {
            return Err("neither `rules` nor a Terraform plan".to_owned());
        }
        Ok((Self { openings: reader.openings }, reader.diagnostics))
    }

    /// The openings of a port to the whole internet.
    pub fn open(&self, port: u16) -> impl Iterator<Item = &Opening> {
        let anyone = |opening: &&Opening| {
            opening.from.iter().any(|from| matches!(from.as_str(), "0.0.0.0/0" | "::/0"))
        };
        self.openings.iter().filter(anyone).filter(move |o| (o.ports.0..=o.ports.1).contains(&port))
    }
}

#[derive(Default)]
struct Reader {
    openings: Vec<Opening>,
    diagnostics: Vec<Diagnostic>,
}

/// Modules within modules that are read.
const MAX_DEPTH: u8 = 16;

impl Reader {
    fn add(&mut self, name: &str, from: Vec<String>, protocol: &str, ports: Option<(u16, u16)>) {
        if matches!(protocol, "tcp" | "TCP" | "6" | "-1" | "all" | "") {
            let ports = ports.unwrap_or((0, u16::MAX));
            self.openings.push(Opening { from, ports, name: name.to_owned() });
        }
    }

    fn odd(&mut self, name: &str, why: &str) {
        let message = format!("{}: {why}", model::escape(name));
        self.diagnostics.push(Diagnostic::error("network/firewall", message));
    }

    fn plain(&mut self, name: &str, rule: &Value) {
        let from = strings(rule.get("from"));
        let protocol = rule.get("protocol").and_then(Value::as_str).unwrap_or("");
        match rule.get("ports").and_then(Value::as_array) {
            None => self.add(name, from, protocol, None),
            Some(ports) => {
                for port in ports {
                    match range(port) {
                        Some(ports) => self.add(name, from.clone(), protocol, Some(ports)),
                        None => self.odd(name, "a port is no port"),
                    }
                }
            }
        }
    }

    fn module(&mut self, module: &Value, depth: u8) {
        if depth > MAX_DEPTH {
            return self.odd("modules", "nested too deep");
        }
        for resource in module.get("resources").and_then(Value::as_array).into_iter().flatten() {
            self.resource(resource);
        }
        for child in module.get("child_modules").and_then(Value::as_array).into_iter().flatten() {
            self.module(child, depth.saturating_add(1));
        }
    }

    fn resource(&mut self, resource: &Value) {
        let text = |field: &str| resource.get(field).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (text("type"), text("address"));
        let Some(values) = resource.get("values") else { return };
        match kind {
            "aws_security_group" => {
                for rule in values.get("ingress").and_then(Value::as_array).into_iter().flatten() {
                    self.aws(name, rule);
                }
            }
            "aws_security_group_rule" if values.get("type").and_then(Value::as_str) == Some("ingress") => {
                self.aws(name, values);
            }
            "aws_vpc_security_group_ingress_rule" => {
                let from = ["cidr_ipv4", "cidr_ipv6"].iter().filter_map(|field| values.get(*field)?.as_str());
                let from = from.map(str::to_owned).collect();
                let protocol = values.get("ip_protocol").and_then(Value::as_str).unwrap_or_default();
                self.add(name, from, protocol, from_to(values));
            }
            "google_compute_firewall"
                if values.get("direction").and_then(Value::as_str) != Some("EGRESS") =>
            {
                for allow in values.get("allow").and_then(Value::as_array).into_iter().flatten() {
                    let ports =
                        allow.get("ports").cloned().filter(|p| p.as_array().is_some_and(|p| !p.is_empty()));
                    let mut rule = serde_json::json!({"from": values.get("source_ranges"), "protocol": allow.get("protocol")});
                    if let (Some(ports), Some(rule)) = (ports, rule.as_object_mut()) {
                        rule.insert("ports".to_owned(), ports);
                    }
                    self.plain(name, &rule);
                }
            }
            "azurerm_network_security_group" | "azurerm_network_security_rule" => {
                self.odd(name, "rules of Azure are not understood");
            }
            _ => {}
        }
    }

    fn aws(&mut self, name: &str, rule: &Value) {
        let mut from = strings(rule.get("cidr_blocks"));
        from.extend(strings(rule.get("ipv6_cidr_blocks")));
        let protocol = rule.get("protocol").and_then(Value::as_str).unwrap_or_default();
        let ports = if protocol == "-1" { None } else { from_to(rule) };
        self.add(name, from, protocol, ports);
    }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn from_to(rule: &Value) -> Option<(u16, u16)> {
    let port =
        |field: &str| rule.get(field).and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    Some((port("from_port")?, port("to_port")?))
}

/// `22`, `"22"`, `"30000-32767"`.
fn range(value: &Value) -> Option<(u16, u16)> {
    if let Some(number) = value.as_u64() {
        return u16::try_from(number).ok().map(|port| (port, port));
    }
    let text = value.as_str()?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn open(value: &Value, port: u16) -> usize {
        Firewall::parse(value.to_string().as_bytes()).unwrap().0.open(port).count()
    }

    #[test]
    fn plain_rules() {
        let rules = json!({"rules": [{"from": ["0.0.0.0/0"], "ports": [22, "30000-32767"]}, {"from": ["10.0.0.0/8"]},
            {"from": ["0.0.0.0/0"], "protocol": "udp"}]});
        assert_eq!((open(&rules, 22), open(&rules, 30443), open(&rules, 10250)), (1, 1, 0));
    }

    #[test]
    fn terraform_plans() {
        let plan = json!({"planned_values": {"root_module": {"resources": [
            {"type": "aws_security_group", "address": "aws_security_group.n", "values": {"ingress": [
                {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]}}],
            "child_modules": [{"resources": [{"type": "google_compute_firewall", "address": "g", "values": {
                "source_ranges": ["0.0.0.0/0"], "allow": [{"protocol": "tcp", "ports": ["10250"]}]}},
                {"type": "azurerm_network_security_rule", "address": "z", "values": {}}]}]}}});
        assert_eq!((open(&plan, 22), open(&plan, 10250), open(&plan, 80)), (1, 1, 0));
        assert_eq!(Firewall::parse(plan.to_string().as_bytes()).unwrap().1.len(), 1);
    }

    #[test]
    fn what_is_neither() {
        assert!(Firewall::parse(b"{}").is_err() && Firewall::parse(b"[").is_err());
    }
}
