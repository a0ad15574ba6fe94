package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cyberphone/json-canonicalization/go/src/webpki.org/jsoncanonicalizer"
	"github.com/go-openapi/runtime"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/types"
	_ "github.com/sigstore/rekor/pkg/types/dsse/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.2"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/timestamp-authority/v2/pkg/api"
	ts "github.com/sigstore/timestamp-authority/v2/pkg/generated/restapi/operations/timestamp"
	"github.com/spf13/viper"
	"github.com/transparency-dev/merkle/rfc6962"
	merkle "github.com/transparency-dev/merkle/testonly"
	"github.com/transparency-dev/tessera"
	tposix "github.com/transparency-dev/tessera/storage/posix"
	"github.com/transparency-dev/tesseract"
	"github.com/transparency-dev/tesseract/storage"
	"github.com/transparency-dev/tesseract/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// newCertificateLog is a log of certificates on a folder.
func newCertificateLog(folder string, chain []*x509.Certificate) (http.Handler, *ecdsa.PrivateKey) {
	key := newKey()
	roots := filepath.Join(folder, "ct-roots.pem")
	writePEM(folder, "ct-roots.pem", chain[len(chain)-1].Raw)
	store := func(ctx context.Context, signer note.Signer) (*storage.CTStorage, error) {
		at := filepath.Join(folder, "ct")
		driver, err := tposix.New(ctx, tposix.Config{Path: at})
		check(err)
		appender, _, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
			WithCheckpointSigner(signer).WithCTLayout().WithCheckpointInterval(100*time.Millisecond).
			WithBatching(16, 20*time.Millisecond))
		check(err)
		issuers, err := posix.NewIssuerStorage(ctx, at)
		check(err)
		return storage.NewCTStorage(ctx, &storage.CTStorageOptions{
			Appender: appender, Reader: reader, IssuerStorage: issuers,
		})
	}
	handler, err := tesseract.NewLogHandler(context.Background(), "ct.test", key,
		tesseract.ChainValidationConfig{RootsPEMFile: roots}, store, 10*time.Second, false, "", tesseract.LogHandlerOpts{})
	check(err)
	return handler, key
}

// newTimestamps is a timestamp authority with a key of its own, and its chain.
func newTimestamps() (http.Handler, string) {
	viper.Set("timestamp-signer", "memory")
	viper.Set("timestamp-signer-hash", "sha256")
	viper.Set("default-policy-oid", "1.3.6.1.4.1.57264.2")
	api.ConfigureAPI()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		responder := api.TimestampResponseHandler(ts.GetTimestampResponseParams{HTTPRequest: r, Request: r.Body})
		w.Header().Set("Content-Type", "application/timestamp-reply")
		responder.WriteResponse(w, runtime.ByteStreamProducer())
	})
	chain := &text{}
	api.GetTimestampCertChainHandler(ts.GetTimestampCertChainParams{}).WriteResponse(chain, runtime.TextProducer())
	return handler, chain.String()
}

// text is an answer's body.
type text struct{ strings.Builder }

func (t *text) Header() http.Header { return http.Header{} }
func (t *text) WriteHeader(int)     {}

// rekor1 is the first version of the log around its own entry types: POST and GET below /api/v1/log/entries.
type rekor1 struct {
	sync.Mutex
	key    *ecdsa.PrivateKey
	id     string
	tree   *merkle.Tree
	known  map[string]map[string]any
	signer signature.Signer
}

func newRekor1() (http.Handler, crypto.PublicKey) {
	key := newKey()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	check(err)
	id := sha256.Sum256(der)
	signer, err := signature.LoadECDSASignerVerifier(key, crypto.SHA256)
	check(err)
	log := &rekor1{
		key: key, id: hex.EncodeToString(id[:]), tree: merkle.New(rfc6962.DefaultHasher), known: map[string]map[string]any{}, signer: signer,
	}
	return log, key.Public()
}

func (l *rekor1) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if uuid, found := strings.CutPrefix(r.URL.Path, "/api/v1/log/entries/"); found && r.Method == http.MethodGet {
		l.Lock()
		defer l.Unlock()
		if entry, known := l.known[uuid]; known {
			answer(w, map[string]any{uuid: entry})
			return
		}
	}
	if r.Method != http.MethodPost || r.URL.Path != "/api/v1/log/entries" {
		http.NotFound(w, r)
		return
	}
	body, err := l.canonical(r.Context(), r.Body)
	if err != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 400, "message": err.Error()})
		return
	}
	l.Lock()
	defer l.Unlock()
	uuid := hex.EncodeToString(rfc6962.DefaultHasher.HashLeaf(body))
	w.Header().Set("Content-Type", "application/json")
	if _, known := l.known[uuid]; known {
		w.Header().Set("Location", "/api/v1/log/entries/"+uuid)
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 409, "message": "an equivalent entry already exists"})
		return
	}
	entry := l.append(r.Context(), body)
	l.known[uuid] = entry
	w.Header().Set("ETag", uuid)
	w.Header().Set("Location", "/api/v1/log/entries/"+uuid)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{uuid: entry})
}

// canonical checks a proposed entry as Rekor does, its signature included, and returns what enters the tree.
func (l *rekor1) canonical(ctx context.Context, from io.Reader) ([]byte, error) {
	proposed, err := models.UnmarshalProposedEntry(from, runtime.JSONConsumer())
	if err != nil {
		return nil, err
	}
	entry, err := types.CreateVersionedEntry(proposed)
	if err != nil {
		return nil, err
	}
	return types.CanonicalizeEntry(ctx, entry)
}

func (l *rekor1) append(ctx context.Context, body []byte) map[string]any {
	index := l.tree.Size()
	l.tree.AppendData(body)
	size, root := l.tree.Size(), l.tree.Hash()
	path, err := l.tree.InclusionProof(index, size)
	check(err)
	hashes := []string{}
	for _, hash := range path {
		hashes = append(hashes, hex.EncodeToString(hash))
	}
	checkpoint, err := util.CreateAndSignCheckpoint(ctx, "127.0.0.1", 1, size, root, l.signer)
	check(err)
	entry := map[string]any{
		"body": base64.StdEncoding.EncodeToString(body), "integratedTime": time.Now().Unix(), "logID": l.id, "logIndex": index,
	}
	promised, err := json.Marshal(entry)
	check(err)
	promised, err = jsoncanonicalizer.Transform(promised)
	check(err)
	digest := sha256.Sum256(promised)
	promise, err := ecdsa.SignASN1(rand.Reader, l.key, digest[:])
	check(err)
	entry["verification"] = map[string]any{
		"signedEntryTimestamp": base64.StdEncoding.EncodeToString(promise),
		"inclusionProof": map[string]any{
			"checkpoint": string(checkpoint), "hashes": hashes, "logIndex": index,
			"rootHash": fmt.Sprintf("%x", root), "treeSize": size,
		},
	}
	return entry
}
