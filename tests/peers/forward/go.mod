// Carries connections into a node's network namespace, as a peer of the tests.
module peers/forward

go 1.26.0
