//! One observed fact: audit events and system calls
