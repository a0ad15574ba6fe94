//! Facts to attack steps to paths to ranked items and cheapest fixes
