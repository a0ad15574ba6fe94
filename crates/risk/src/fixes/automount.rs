//! Keep an account's token out of its pods.

use super::{FixKind, count};
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Edit, Fix, Grain, Identity};

pub(crate) static KIND: FixKind = FixKind { id: "automount", grain: Grain::Field, effort: 1, write };

/// An account.
pub(crate) fn key(account: Index) -> FixKey {
    FixKey { kind: &KIND, args: [account, 0] }
}

fn write(world: &World<'_>, [account, _]: [Index; 2], fix: &mut Fix) {
    let Some(Identity::ServiceAccount { namespace, name }) = world.identities.get(account) else { return };
    fix.title = format!("set automountServiceAccountToken: false on ServiceAccount {namespace}/{name}");
    in_use(world, account, fix);
    if let Some(resource) = world.snapshot.find("", "ServiceAccount", namespace, name) {
        fix.edits.push(Edit::Set {
            resource: resource.reference.clone(),
            pointer: "/automountServiceAccountToken".into(),
            value: false.into(),
        });
    }
}

/// Without its token an account's requests fail.
pub(super) fn in_use(world: &World<'_>, account: Index, fix: &mut Fix) {
    let used: u64 = world.usage(account).map(|usage| usage.count).sum();
    if used == 0 && world.uses.is_empty() {
        fix.breaks.push("nobody looked whether the account uses its rights (--audit)".to_owned());
    }
    if used > 0 {
        let one = world.usage(account).next();
        let what = one.map(|u| format!("{} {} {}", u.verb, u.resource, u.name)).unwrap_or_default();
        fix.breaks.push(format!("the account is in use: {} ({})", what.trim(), count(used as usize, "request")));
    }
}
