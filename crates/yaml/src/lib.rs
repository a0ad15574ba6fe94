//! The one reader of YAML and JSON documents: bounded, with positions on demand
