//! The Pod Security Standards
