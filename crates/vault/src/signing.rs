//! Secrets that the system itself has: Ed25519 keys (RFC 8032) and random octets, made when first asked
//! for and kept sealed.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{Vault, VaultError, sql};

pub(crate) const PURPOSE: &str = "secret";
const SEED: usize = 32;
const LONGEST: usize = 1_024;

/// The purpose ties a secret to its row.
pub(crate) fn aad(purpose: &str) -> &[u8] {
    purpose.as_bytes()
}

/// A key that signs, such as the audit trail's checkpoints.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl SigningKey {
    fn from_seed(seed: &[u8]) -> Result<Self, VaultError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        let pair = pair.map_err(|_| VaultError::Crypto("a stored signing key is none"))?;
        let public = pair.public_key().as_ref().try_into();
        let public = public.map_err(|_| VaultError::Crypto("a public key has another length than 32"))?;
        Ok(Self { pair, public })
    }

    /// The signature of `message`.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], VaultError> {
        let signature = self.pair.try_sign(message).map_err(|_| VaultError::Crypto("signing"))?;
        let length = VaultError::Crypto("a signature has another length than 64");
        signature.as_ref().try_into().map_err(|_| length)
    }

    /// What others verify with.
    pub const fn public_key(&self) -> [u8; 32] {
        self.public
    }
}

/// True where `signature` is that of `message` by the holder of `public_key`.
pub fn verify(public_key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

impl Vault {
    /// The signing key for `purpose`, made when it is first asked for.
    pub async fn signing_key(&self, purpose: &str, now: Timestamp) -> Result<SigningKey, VaultError> {
        let seed = self
            .secret_or_else(&format!("ed25519 {purpose}"), now, || {
                let pair =
                    Ed25519KeyPair::generate().map_err(|_| VaultError::Crypto("making a signing key"))?;
                let seed = pair.seed().and_then(|seed| seed.as_be_bytes());
                let seed = seed.map_err(|_| VaultError::Crypto("making a signing key"))?;
                Ok(Zeroizing::new(seed.as_ref().to_vec()))
            })
            .await?;
        if seed.len() != SEED {
            return Err(VaultError::Crypto("a stored signing key is none"));
        }
        SigningKey::from_seed(&seed)
    }

    /// `length` random octets for `purpose` (at most 1,024), the same at every start: keys of cookies,
    /// tokens and the like.
    pub async fn random_secret(
        &self,
        purpose: &str,
        length: usize,
        now: Timestamp,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let secret = self
            .secret_or_else(&format!("random {purpose}"), now, || {
                let mut octets = Zeroizing::new(vec![0; length.min(LONGEST)]);
                rand::fill(&mut octets).map_err(|_| VaultError::Crypto("no random numbers"))?;
                Ok(octets)
            })
            .await?;
        if secret.len() != length {
            return Err(VaultError::Crypto("a stored secret has another length than asked for"));
        }
        Ok(secret)
    }

    /// The secret under `purpose`; where there is none, that of `make`, once it is stored. Of two who
    /// ask at the same time the first one's is kept.
    async fn secret_or_else(
        &self,
        purpose: &str,
        now: Timestamp,
        make: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, VaultError>,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let stored = sql::secret(self.inner.store.read(), purpose).await?;
        let sealed = match stored {
            Some(sealed) => sealed,
            None => {
                let sealed = self.seal(PURPOSE, aad(purpose), &make()?)?;
                let purpose = purpose.to_owned();
                self.inner
                    .store
                    .write::<_, VaultError, _>(move |tx| {
                        Box::pin(async move {
                            if let Some(first) = sql::secret(tx, &purpose).await? {
                                return Ok(first);
                            }
                            sql::insert_secret(tx, &purpose, sealed.clone(), now).await?;
                            Ok(sealed)
                        })
                    })
                    .await?
            }
        };
        self.open(PURPOSE, aad(purpose), &sealed)
    }
}
