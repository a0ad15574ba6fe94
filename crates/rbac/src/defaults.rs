//! The objects a fresh API server creates, for the minors whose bootstrap policy is bundled.
//!
//! `data/defaults.jsonl` is written by `tests/peers/rbac-defaults` from Kubernetes' own bootstrap policy package.
//! A default is told by its content, never by a `system:` prefix.

use crate::Rbac;
use crate::aggregate::Selected;
use crate::covers::first_uncovered;
use crate::load::{GROUP, Reader};
use crate::rule::RbacRule;
use crate::version::ServerVersion;
use model::{Origin, ResourceRef};
use snapshot::Json;
use std::collections::BTreeMap;

const TABLE: &str = include_str!("../data/defaults.jsonl");

/// The minors in the table.
pub const MINORS: [u32; 4] = [34, 35, 36, 37];

/// One object of one or more minors.
#[derive(Clone, Debug)]
pub struct Default<'a> {
    /// Its name.
    pub reference: ResourceRef,
    /// The minors that create exactly this.
    pub minors: Vec<u32>,
    /// The object: `labels`, `rules`, `aggregationRule`, `roleRef`, `subjects` at the top level.
    pub json: Json<'a>,
    /// The same as text, with `minors`, `kind`, `name` and `namespace` at the top level.
    pub line: &'a str,
}

impl Default<'_> {
    /// The object as a server lists it.
    pub fn object(&self) -> serde_json::Value {
        let mut object: serde_json::Value = serde_json::from_str(self.line).unwrap_or_default();
        let labels = object.get("labels").cloned();
        if let Some(fields) = object.as_object_mut() {
            for field in ["minors", "name", "namespace", "labels"] {
                fields.remove(field);
            }
            let ResourceRef { namespace, name, .. } = &self.reference;
            fields.insert("apiVersion".into(), format!("{GROUP}/v1").into());
            let metadata = serde_json::json!({"name": &**name, "namespace": &**namespace, "labels": labels});
            fields.insert("metadata".into(), metadata);
        }
        object
    }
}

/// The whole table.
pub fn table() -> impl Iterator<Item = Default<'static>> {
    TABLE.lines().map(|line| {
        let json = Json::parse(line);
        let text = |key: &str| json.get(key).text().to_owned();
        let minors = json.get("minors").items().iter().filter_map(Json::int);
        Default {
            reference: ResourceRef::new(GROUP, &text("kind"), &text("namespace"), &text("name")),
            minors: minors.filter_map(|minor| u32::try_from(minor).ok()).collect(),
            json,
            line,
        }
    })
}

/// The bundled minor nearest to a version, the newer of two.
pub fn nearest(version: ServerVersion) -> u32 {
    let distance = |minor: &u32| (minor.abs_diff(version.0), u32::MAX - minor);
    MINORS.into_iter().min_by_key(distance).unwrap_or(version.0)
}

impl Rbac {
    /// Marks the snapshot's unchanged defaults, and adds those it lacks when `complete` says so.
    pub(crate) fn mark_or_add_defaults(
        &mut self,
        reader: &mut Reader,
        complete: bool,
        selected: &mut Vec<Selected>,
    ) {
        let nearest = nearest(self.version);
        let mut by_name: BTreeMap<ResourceRef, Vec<Default<'static>>> = BTreeMap::new();
        for default in table() {
            by_name.entry(default.reference.clone()).or_default().push(default);
        }
        let bindings: BTreeMap<ResourceRef, usize> =
            self.bindings.iter().enumerate().map(|(at, b)| (b.reference.clone(), at)).collect();
        for (reference, variants) in &by_name {
            let is_role = !reference.kind.ends_with("Binding");
            let known = match is_role {
                true => self.find_role(reader, reference),
                false => bindings.get(reference).copied(),
            };
            let current = variants.iter().find(|variant| variant.minors.contains(&nearest));
            match (known, current) {
                (Some(at), _) if is_role => self.mark_role(reader, at, variants),
                (Some(at), _) => self.mark_binding(reader, at, variants),
                (None, Some(default)) if complete => self.add_default(reader, default, selected),
                _ => {}
            }
        }
    }

    fn find_role(&self, reader: &Reader, reference: &ResourceRef) -> Option<usize> {
        let key = (reader.names.find(&reference.namespace)?, reader.names.find(&reference.name)?);
        self.role_index.get(&key).map(|at| *at as usize)
    }

    /// A role is an unchanged default when some bundled minor's covers it: it grants nothing more.
    ///
    /// Rules of `admin`, `edit`, `view` come by aggregation from roles that are judged themselves.
    fn mark_role(&mut self, reader: &mut Reader, at: usize, variants: &[Default<'static>]) {
        let aggregates = variants.iter().any(|v| !v.json.get("aggregationRule").is_null());
        let same = aggregates && self.roles.get(at).is_some_and(|role| role.aggregated);
        let unchanged = same
            || variants.iter().any(|variant| {
                let default = scratch_rules(reader, variant);
                let default: Vec<&RbacRule> = default.iter().collect();
                let rules = self.roles.get(at).map(|role| role.rules.as_slice()).unwrap_or_default();
                let held: Vec<&RbacRule> =
                    rules.iter().filter_map(|id| reader.rules.get(*id as usize)).collect();
                first_uncovered(&default, &held, &reader.names).is_none()
            });
        if let Some(role) = self.roles.get_mut(at) {
            role.default = unchanged;
        }
    }

    /// A binding is an unchanged default when it names the same role and no subject more.
    fn mark_binding(&mut self, reader: &mut Reader, at: usize, variants: &[Default<'static>]) {
        let origin = Origin::Builtin;
        for variant in variants {
            let default = reader.binding(&variant.reference, &origin, &variant.json);
            if let Some(binding) = self.bindings.get_mut(at) {
                let fewer = binding.subjects.iter().all(|subject| default.subjects.contains(subject));
                binding.default |= fewer && binding.role_ref == default.role_ref;
            }
        }
    }

    fn add_default(&mut self, reader: &mut Reader, default: &Default<'static>, selected: &mut Vec<Selected>) {
        let reference = &default.reference;
        if reference.kind.ends_with("Binding") {
            let mut binding = reader.binding(reference, &Origin::Builtin, &default.json);
            binding.default = true;
            self.bindings.push(binding);
            return;
        }
        let index = self.add_role(reader, reference, &Origin::Builtin, &default.json);
        if let Some(role) = self.roles.get_mut(index as usize) {
            role.default = true;
        }
        if &*reference.kind == "ClusterRole" {
            selected.push(Selected::read_default(index, &default.json));
        }
    }
}

/// The rules of a default, for comparison only: they are not kept.
fn scratch_rules(reader: &mut Reader, default: &Default<'_>) -> Vec<RbacRule> {
    let before = reader.rules.len();
    reader.role(&default.reference, &Origin::Builtin, &default.json, u32::MAX);
    reader.rules.split_off(before)
}

#[cfg(test)]
mod tests;
