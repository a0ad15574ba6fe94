//go:build tools

// Package tools names what build.sh builds.
package tools

import _ "gvisor.dev/gvisor/shim"
