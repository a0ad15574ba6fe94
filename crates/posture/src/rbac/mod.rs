//! Rights: who holds more than needed, and restrictions that do not restrict.

crate::checks![secret_readers, default_account_bound, legacy_token];
