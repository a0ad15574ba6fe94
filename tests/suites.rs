//! Every suite that runs the real command line, in one binary.
