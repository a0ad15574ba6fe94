// Writes the RBAC objects a fresh API server creates, one JSON object a line, as its own bootstrap policy has them.
// With arguments MINOR=PATH it merges such dumps into the table of crates/rbac/data.
package main

import (
	"encoding/json"
	"log"
	"os"
	"sort"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"
)

type object struct {
	Kind            string                  `json:"kind"`
	Namespace       string                  `json:"namespace,omitempty"`
	Name            string                  `json:"name"`
	Labels          map[string]string       `json:"labels,omitempty"`
	Rules           []rbacv1.PolicyRule     `json:"rules,omitempty"`
	AggregationRule *rbacv1.AggregationRule `json:"aggregationRule,omitempty"`
	RoleRef         *rbacv1.RoleRef         `json:"roleRef,omitempty"`
	Subjects        []rbacv1.Subject        `json:"subjects,omitempty"`
}

func labels(meta metav1.ObjectMeta) map[string]string {
	kept := map[string]string{}
	for key, value := range meta.Labels {
		if key != "kubernetes.io/bootstrapping" {
			kept[key] = value
		}
	}
	return kept
}

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		merge(os.Args[1:])
		return
	}
	var all []object
	clusterRole := func(role rbacv1.ClusterRole) {
		all = append(all, object{Kind: "ClusterRole", Name: role.Name, Labels: labels(role.ObjectMeta), Rules: role.Rules, AggregationRule: role.AggregationRule})
	}
	clusterBinding := func(binding rbacv1.ClusterRoleBinding) {
		ref := binding.RoleRef
		all = append(all, object{Kind: "ClusterRoleBinding", Name: binding.Name, Labels: labels(binding.ObjectMeta), RoleRef: &ref, Subjects: binding.Subjects})
	}
	for _, role := range append(bootstrappolicy.ClusterRoles(), bootstrappolicy.ControllerRoles()...) {
		clusterRole(role)
	}
	for _, binding := range append(bootstrappolicy.ClusterRoleBindings(), bootstrappolicy.ControllerRoleBindings()...) {
		clusterBinding(binding)
	}
	for namespace, roles := range bootstrappolicy.NamespaceRoles() {
		for _, role := range roles {
			all = append(all, object{Kind: "Role", Namespace: namespace, Name: role.Name, Labels: labels(role.ObjectMeta), Rules: role.Rules})
		}
	}
	for namespace, bindings := range bootstrappolicy.NamespaceRoleBindings() {
		for _, binding := range bindings {
			ref := binding.RoleRef
			all = append(all, object{Kind: "RoleBinding", Namespace: namespace, Name: binding.Name, Labels: labels(binding.ObjectMeta), RoleRef: &ref, Subjects: binding.Subjects})
		}
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.Kind != b.Kind {
			return a.Kind < b.Kind
		}
		if a.Namespace != b.Namespace {
			return a.Namespace < b.Namespace
		}
		return a.Name < b.Name
	})
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, item := range all {
		if err := out.Encode(item); err != nil {
			log.Fatal(err)
		}
	}
}
