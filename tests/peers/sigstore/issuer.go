package main

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// issuer mints the tokens that Fulcio takes: below /email those of people, below /github those of workflows.
//
// GET /KIND/mint?sub=NAME[&aud=AUDIENCE][&valid=SECONDS][&verified=false] answers with a token; GET
// /KIND/ambient?audience=AUDIENCE does so for who bears the word `request`, as GitHub's runners are answered.
type issuer struct {
	key *ecdsa.PrivateKey
	url string
}

func newIssuer() *issuer { return &issuer{key: newKey()} }

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, what, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	switch what {
	case ".well-known/openid-configuration":
		answer(w, map[string]any{
			"issuer":                                i.url + "/" + kind,
			"jwks_uri":                              i.url + "/" + kind + "/keys",
			"authorization_endpoint":                i.url + "/" + kind + "/nobody",
			"token_endpoint":                        i.url + "/" + kind + "/nobody",
			"response_types_supported":              []string{"id_token"},
			"subject_types_supported":               []string{"public"},
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	case "keys":
		answer(w, map[string]any{"keys": []any{map[string]string{
			"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1",
			"x": number(i.key.X), "y": number(i.key.Y),
		}}})
	case "mint":
		_, _ = w.Write([]byte(i.mint(kind, query.Get)))
	case "ambient":
		if r.Header.Get("Authorization") != "bearer request" {
			http.Error(w, "who asks?", http.StatusUnauthorized)
			return
		}
		get := func(name string) string {
			if name == "aud" {
				return query.Get("audience")
			}
			return query.Get(name)
		}
		answer(w, map[string]string{"value": i.mint(kind, get)})
	default:
		http.NotFound(w, r)
	}
}

func (i *issuer) mint(kind string, get func(string) string) string {
	or := func(name, otherwise string) string {
		if value := get(name); value != "" {
			return value
		}
		return otherwise
	}
	valid, err := time.ParseDuration(or("valid", "300") + "s")
	check(err)
	now := time.Now()
	claims := map[string]any{
		"iss": i.url + "/" + kind, "aud": or("aud", "sigstore"),
		"iat": now.Unix() - 10, "nbf": now.Unix() - 10, "exp": now.Add(valid).Unix(),
	}
	switch kind {
	case "github":
		workflow := "org/app/.github/workflows/build.yml@refs/heads/main"
		for name, value := range map[string]string{
			"sub": "repo:org/app:ref:refs/heads/main", "job_workflow_ref": workflow, "workflow_ref": workflow,
			"sha": strings.Repeat("a", 40), "job_workflow_sha": strings.Repeat("a", 40),
			"workflow_sha": strings.Repeat("a", 40), "event_name": "push", "repository": "org/app",
			"repository_id": "1", "repository_owner": "org", "repository_owner_id": "2",
			"repository_visibility": "private", "workflow": "build", "ref": "refs/heads/main",
			"runner_environment": "self-hosted", "run_id": "3", "run_attempt": "1",
		} {
			claims[name] = value
		}
	default:
		claims["sub"] = or("sub", "dev@example.com")
		claims["email"] = or("sub", "dev@example.com")
		claims["email_verified"] = get("verified") != "false"
	}
	return i.sign(claims)
}

func (i *issuer) sign(claims map[string]any) string {
	body, err := json.Marshal(claims)
	check(err)
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"1","typ":"JWT"}`)) + "." +
		base64.RawURLEncoding.EncodeToString(body)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, digest[:])
	check(err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func number(n *big.Int) string {
	return base64.RawURLEncoding.EncodeToString(n.FillBytes(make([]byte, 32)))
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
