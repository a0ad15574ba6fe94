//! Bytes of an image or directory to packages
