// Command sigstore serves a private Sigstore on the loopback address: an OIDC issuer, Fulcio, a certificate log, a
// timestamp authority and the first version of Rekor. Rekor 2 is a program of its own.
//
// Usage: sigstore FOLDER. It writes the public keys and chains into the folder, prints its addresses as one line of
// JSON, and ends with its standard input. Fulcio, the timestamp authority and the certificate log are the real ones'
// packages; the issuer is ours, and so is Rekor 1 around the real one's entries, with a tree in memory.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	// Fulcio tells of refusals on standard output, where nobody listens after the first line.
	signal.Ignore(syscall.SIGPIPE)
	folder := os.Args[1]
	addresses := map[string]string{}
	issuer := newIssuer()
	addresses["issuer"] = serve(issuer)
	issuer.url = addresses["issuer"]
	chain, signer := newAuthority()
	writePEM(folder, "fulcio-chain.pem", chain[0].Raw, chain[1].Raw)
	ctlog, ctkey := newCertificateLog(folder, chain)
	addresses["ctlog"] = serve(ctlog)
	writeKey(folder, "ctfe.pub", ctkey.Public())
	addresses["fulcio"] = serve(newFulcio(addresses["issuer"], addresses["ctlog"], ctkey, chain, signer))
	stamps, stampChain := newTimestamps()
	addresses["tsa"] = serve(stamps)
	check(os.WriteFile(filepath.Join(folder, "tsa-chain.pem"), []byte(stampChain), 0o644))
	first, firstKey := newRekor1()
	addresses["rekor1"] = serve(first)
	writeKey(folder, "rekor1.pub", firstKey)
	check(json.NewEncoder(os.Stdout).Encode(addresses))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// serve listens on a free port and returns its address.
func serve(handler http.Handler) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() { log.Fatal(http.Serve(listener, handler)) }()
	return fmt.Sprintf("http://%s", listener.Addr())
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	return key
}

func writeKey(folder, name string, key any) {
	der, err := x509.MarshalPKIXPublicKey(key)
	check(err)
	check(os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644))
}

func writePEM(folder, name string, certificates ...[]byte) {
	var out []byte
	for _, der := range certificates {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	check(os.WriteFile(filepath.Join(folder, name), out, 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
