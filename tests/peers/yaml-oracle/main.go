// Command yaml-oracle reads documents as kubectl does and prints them as JSON.
//
// Each line of standard input is a text in base64. Each line of standard output is the JSON array of its
// documents: {"value": …} for one that was read, {"error": …} for one that was refused; "strict" says why the
// strict decoder (duplicate keys) would refuse it.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	apiyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type answer struct {
	Value  json.RawMessage `json:"value,omitempty"`
	Error  string          `json:"error,omitempty"`
	Strict string          `json:"strict,omitempty"`
}

// raw keeps the JSON it is given, as runtime.RawExtension does.
type raw struct{ bytes []byte }

func (r *raw) UnmarshalJSON(in []byte) error {
	r.bytes = append([]byte(nil), in...)
	return nil
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); err == nil || len(line) > 0 {
			text, bad := base64.StdEncoding.DecodeString(string(line))
			if bad != nil {
				fmt.Fprintln(os.Stderr, bad)
				os.Exit(2)
			}
			printed, bad := json.Marshal(documents(text))
			if bad != nil {
				fmt.Fprintln(os.Stderr, bad)
				os.Exit(2)
			}
			fmt.Fprintf(out, "%s\n", printed)
		}
		if err != nil {
			return
		}
	}
}

// documents reads every document, where kubectl would stop at the first that it refuses.
func documents(text []byte) []answer {
	answers := []answer{}
	reader := apiyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return answers
		}
		if err != nil {
			answers = append(answers, answer{Error: err.Error()})
			continue
		}
		if apiyaml.IsJSONBuffer(document) {
			answers = append(answers, stream(document)...)
			continue
		}
		value, err := yaml.YAMLToJSON(document)
		if err != nil {
			answers = append(answers, answer{Error: err.Error()})
			continue
		}
		answers = append(answers, answer{Value: value, Strict: strict(document)})
	}
}

func strict(document []byte) string {
	if _, err := yaml.YAMLToJSONStrict(document); err != nil {
		return err.Error()
	}
	return ""
}

// stream reads what may be JSON values, one after the other.
func stream(document []byte) []answer {
	answers := []answer{}
	decoder := apiyaml.NewYAMLOrJSONDecoder(bytes.NewReader(document), 4096)
	for {
		value := raw{}
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return answers
		}
		if err != nil {
			return append(answers, answer{Error: err.Error()})
		}
		answers = append(answers, answer{Value: value.bytes, Strict: strict(value.bytes)})
	}
}
