//! Helpers of the suites: where the corpus and the binary are.
