//! The cluster's own certificates and the keys of its ServiceAccount tokens.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

/// A certificate and its key, both PEM.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// The authority every certificate of the cluster comes from.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(name: &str) -> Result<Self, String> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().map_err(told)?;
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, key).map_err(told)? })
    }

    /// Its own certificate and key, which the controller manager signs with.
    pub(super) fn pair(&self) -> Pair {
        Pair { certificate: self.issuer.pem(), key: self.issuer.key().serialize_pem() }
    }

    /// A server certificate for these names and addresses.
    pub(super) fn server(&self, name: &str, reached_at: &[&str]) -> Result<Pair, String> {
        let reached_at: Vec<String> = reached_at.iter().map(|&name| name.to_owned()).collect();
        let params = CertificateParams::new(reached_at).map_err(told)?;
        self.sign(params, name, &[], &[ExtendedKeyUsagePurpose::ServerAuth])
    }

    /// A certificate for both sides, as members of etcd have: they are servers and clients of each other.
    pub(super) fn member(&self, name: &str, reached_at: &[&str]) -> Result<Pair, String> {
        let reached_at: Vec<String> = reached_at.iter().map(|&name| name.to_owned()).collect();
        let params = CertificateParams::new(reached_at).map_err(told)?;
        let purposes = [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params, name, &[], &purposes)
    }

    /// A client certificate: the user's name, and the groups as organisations.
    pub(super) fn client(&self, user: &str, groups: &[&str]) -> Result<Pair, String> {
        self.sign(CertificateParams::default(), user, groups, &[ExtendedKeyUsagePurpose::ClientAuth])
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        name: &str,
        organisations: &[&str],
        purposes: &[ExtendedKeyUsagePurpose],
    ) -> Result<Pair, String> {
        for organisation in organisations {
            params.distinguished_name.push(DnType::OrganizationName, *organisation);
        }
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = purposes.to_vec();
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(told)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(told)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// A key pair, public and private half as PEM.
pub(super) fn signing_key() -> Result<(String, String), String> {
    let key = KeyPair::generate().map_err(told)?;
    Ok((key.public_key_pem(), key.serialize_pem()))
}

fn told(error: rcgen::Error) -> String {
    format!("certificate: {error}")
}
