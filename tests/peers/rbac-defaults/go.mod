// Marks the root; every minor's own requirements are in go-MINOR.mod (written by pin.sh).
module peers/rbac-defaults

go 1.26.0
