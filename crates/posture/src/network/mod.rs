//! Who can reach whom.

crate::checks![no_policy];
