//! Signatures and attestations against keys and identities, to verdicts
