// Command registry serves an OCI registry in memory on the loopback address.
//
// Usage: registry ADDRESS [no-referrers]. It prints the address it listens on and ends with its standard input.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	native := len(os.Args) < 3 || os.Args[2] != "no-referrers"
	handler := registry.New(registry.WithReferrersSupport(native), registry.Logger(log.New(io.Discard, "", 0)))
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, named(handler)))
}

// named puts the manifest's own artifactType into the list of referrers, where the library puts its config's.
func named(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		repository, _, found := strings.Cut(r.URL.Path, "/referrers/")
		if !found {
			inner.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, r)
		var index map[string]any
		if answer.Code != http.StatusOK || json.Unmarshal(answer.Body.Bytes(), &index) != nil {
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
			return
		}
		entries, _ := index["manifests"].([]any)
		for _, entry := range entries {
			descriptor, _ := entry.(map[string]any)
			ask := httptest.NewRequest(http.MethodGet, fmt.Sprintf("%s/manifests/%v", repository, descriptor["digest"]), nil)
			manifest := httptest.NewRecorder()
			inner.ServeHTTP(manifest, ask)
			var content struct {
				ArtifactType string         `json:"artifactType"`
				Annotations  map[string]any `json:"annotations"`
			}
			if json.Unmarshal(manifest.Body.Bytes(), &content) == nil && content.ArtifactType != "" {
				descriptor["artifactType"] = content.ArtifactType
				descriptor["annotations"] = content.Annotations
			}
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		_ = json.NewEncoder(w).Encode(index)
	})
}
