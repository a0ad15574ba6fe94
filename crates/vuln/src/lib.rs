//! Packages matched against advisories
