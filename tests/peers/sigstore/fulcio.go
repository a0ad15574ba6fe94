package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"time"

	ctclient "github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/sigstore/fulcio/pkg/ca"
	"github.com/sigstore/fulcio/pkg/ca/baseca"
	"github.com/sigstore/fulcio/pkg/config"
	fulcio "github.com/sigstore/fulcio/pkg/generated/protobuf"
	"github.com/sigstore/fulcio/pkg/server"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/grpc/metadata"
)

// newAuthority makes a root and what issues below it: the chain from the latter up, and its key.
func newAuthority() ([]*x509.Certificate, *ecdsa.PrivateKey) {
	rootKey, key := newKey(), newKey()
	template := func(name string, serial int64, depth int) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name, Organization: []string{"test"}},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0), IsCA: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true,
			MaxPathLen: depth, MaxPathLenZero: depth == 0,
		}
	}
	certificate := func(child, parent *x509.Certificate, public crypto.PublicKey, by *ecdsa.PrivateKey) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, child, parent, public, by)
		check(err)
		made, err := x509.ParseCertificate(der)
		check(err)
		return made
	}
	top := template("test root", 1, 1)
	root := certificate(top, top, rootKey.Public(), rootKey)
	below := template("test authority", 2, 0)
	below.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	return []*x509.Certificate{certificate(below, root, key.Public(), rootKey), root}, key
}

// newFulcio is Fulcio's own server behind its own gateway.
func newFulcio(issuer, ctlog string, ctkey *ecdsa.PrivateKey, chain []*x509.Certificate, signer crypto.Signer) http.Handler {
	of := func(kind, path string) map[string]string {
		return map[string]string{"IssuerURL": issuer + "/" + path, "ClientID": "sigstore", "Type": kind}
	}
	text, err := json.Marshal(map[string]any{"OIDCIssuers": map[string]any{
		issuer + "/email": of("email", "email"), issuer + "/github": of("github-workflow", "github"),
	}})
	check(err)
	settings, err := config.Read(text)
	check(err)
	der, err := x509.MarshalPKIXPublicKey(ctkey.Public())
	check(err)
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	ct, err := ctclient.New(ctlog, &http.Client{Timeout: 10 * time.Second}, jsonclient.Options{PublicKey: public})
	check(err)
	algorithms, err := signature.NewAlgorithmRegistryConfig([]protocommon.PublicKeyDetails{
		protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
	})
	check(err)
	authority := &baseca.BaseCA{SignerWithChain: &ca.SignerCerts{Certs: chain, Signer: signer}}
	mux := runtime.NewServeMux(runtime.WithMetadata(func(_ context.Context, r *http.Request) metadata.MD {
		token := r.Header.Get("Authorization")
		if len(token) > 7 {
			token = token[7:]
		}
		return metadata.Pairs(server.MetadataOIDCTokenKey, token)
	}))
	service := server.NewGRPCCAServer(ct, authority, algorithms, server.NewIssuerPool(settings))
	check(fulcio.RegisterCAHandlerServer(context.Background(), mux, service))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(config.With(r.Context(), settings)))
	})
}
