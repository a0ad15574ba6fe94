//! Audit events: who did what, usage, least privilege
