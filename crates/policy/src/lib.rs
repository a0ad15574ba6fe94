//! Admission policies against a request, to verdicts
