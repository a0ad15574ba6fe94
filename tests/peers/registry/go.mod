// A registry in memory that lists referrers, as a peer of the tests.
module peers/registry

go 1.26.0

require github.com/google/go-containerregistry v0.21.7
