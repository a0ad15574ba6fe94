//! The outside world in: manifests, the Kubernetes API, archives
