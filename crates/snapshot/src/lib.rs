//! All resources at one moment, small, read through borrowed typed views
