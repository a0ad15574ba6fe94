//! Checks over a snapshot
