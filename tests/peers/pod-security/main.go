// Command pod-security judges pods with the API server's own Pod Security library.
//
// Each line of standard input is {"level": …, "version": "v1.N", "pod": …}; each line of standard output is the JSON
// array of the ids of the checks that the pod breaks, sorted, or {"error": …} where the pod cannot be decoded.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type question struct {
	Level   string     `json:"level"`
	Version string     `json:"version"`
	Pod     corev1.Pod `json:"pod"`
}

// named makes every check answer with its id as the reason.
func named(checks []policy.Check) []policy.Check {
	for i, check := range checks {
		for j, version := range check.Versions {
			id, run := string(check.ID), version.CheckPod
			checks[i].Versions[j].CheckPod = func(meta *metav1.ObjectMeta, spec *corev1.PodSpec) policy.CheckResult {
				result := run(meta, spec)
				result.ForbiddenReason = id
				return result
			}
		}
	}
	return checks
}

func main() {
	evaluator, err := policy.NewEvaluator(named(policy.DefaultChecks()), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	for in.Scan() {
		printed, err := json.Marshal(judge(evaluator, in.Bytes()))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		fmt.Fprintf(out, "%s\n", printed)
	}
}

func judge(evaluator policy.Evaluator, line []byte) any {
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		return map[string]string{"error": err.Error()}
	}
	version, err := api.ParseVersion(q.Version)
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	broken := []string{}
	at := api.LevelVersion{Level: api.Level(q.Level), Version: version}
	for _, result := range evaluator.EvaluatePod(at, &q.Pod.ObjectMeta, &q.Pod.Spec) {
		if !result.Allowed {
			broken = append(broken, result.ForbiddenReason)
		}
	}
	sort.Strings(broken)
	return broken
}
