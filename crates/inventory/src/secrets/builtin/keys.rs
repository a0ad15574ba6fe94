//! Private keys and signed tokens, whoever they are of.

use super::Shape::Text;
use super::{BuiltIn, HIGH, MEDIUM, rule};

/// The rules.
pub(super) static RULES: &[BuiltIn] = &[
    rule("private-key", "AsymmetricPrivateKey", "Asymmetric Private Key", HIGH, Text(r"(?i)-----\s*?BEGIN[ A-Z0-9_-]*?PRIVATE KEY( BLOCK)?\s*?-----[\s]*?(?P<secret>[A-Za-z0-9=+/\\][A-Za-z0-9=+/\\\s]{30,}[A-Za-z0-9=+/\\])[\s]*?-----\s*?END[ A-Z0-9_-]*? PRIVATE KEY( BLOCK)?\s*?-----"), &["-----"]),
    rule("age-secret-key", "Age", "Age secret key", MEDIUM, Text("AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"), &["AGE-SECRET-KEY-1"]),
    rule("jwt-token", "JWT", "JWT token", MEDIUM, Text(r"(?:ghs_[0-9]+_)?(?P<secret>ey[a-zA-Z0-9]{17,}\.ey[a-zA-Z0-9\/\\_-]{17,}\.(?:[a-zA-Z0-9\/\\_-]{10,}={0,2})?)"), &[".eyJ"]).unless("stateless-ghs-jwt", "^ghs_"),
];
