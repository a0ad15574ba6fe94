//! Rights: who holds more than needed, and restrictions that do not restrict.

mod people;
mod rules;

crate::checks![
    cluster_admin_bound,
    secret_readers,
    broad_groups,
    wildcards,
    self_escalation,
    binding_too_wide,
    default_account_bound,
    legacy_token,
    names_not_namespaces,
    name_limited_create,
    name_limited_list,
    void_name_limit,
    list_is_read,
    star_name,
    slash_star,
    wrong_group,
    inert_rule,
    unknown_verb,
    misspelt_field,
    dangling_subject,
    dangling_role,
    unbound_role,
    modified_default,
];

pub use people::{AccessEntries, People, Person, people};
