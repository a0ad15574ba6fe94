//! The API server's RBAC authorizer: who can do what, through which binding
