//! Signing model, head and index files. `docs/format.md` says what is signed.

use albert_core::FormatError;
use albert_core::format::layout::{HEADER_BYTES, SECTION_BYTES, SIGNATURE_BYTES, section};
use albert_core::format::{HeadFile, IndexFile, Model};
use ed25519_compact::{KeyPair, PublicKey, SecretKey, Seed};

use crate::bytes::ModelBytes;
use crate::container::{Section, assemble, put, seal};

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is not the PEM text of an Ed25519 key.
    #[error("no Ed25519 key in PEM form")]
    Pem,
    /// It is a public key where a private one is needed, or vice versa.
    #[error("a {needed} key is needed")]
    Kind {
        /// "private" or "public".
        needed: &'static str,
    },
    /// The system's random number generator failed.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// A private key.
///
/// Its text form is that of `openssl genpkey -algorithm ed25519`.
pub struct SigningKey(KeyPair);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Generates a key from the system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    #[cfg(not(target_family = "wasm"))]
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self::from_seed(seed))
    }

    /// The key of 32 secret bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(KeyPair::from_seed(Seed::new(seed)))
    }

    /// Reads PEM text.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.contains("PUBLIC KEY") {
            return Err(KeyError::Kind { needed: "private" });
        }
        let secret = SecretKey::from_pem(text).map_err(|_| KeyError::Pem)?;
        Ok(Self(KeyPair::from_seed(secret.seed())))
    }

    /// PEM text.
    pub fn to_pem(&self) -> String {
        self.0.sk.to_pem()
    }

    /// The key that verifies what this one signs.
    pub fn public_key(&self) -> [u8; 32] {
        *self.0.pk
    }
}

/// Reads a public key from PEM text.
///
/// # Errors
/// [`KeyError`].
pub fn public_key_from_pem(text: &str) -> Result<[u8; 32], KeyError> {
    if text.contains("PRIVATE KEY") {
        return Err(KeyError::Kind { needed: "public" });
    }
    PublicKey::from_pem(text).map(|key| *key).map_err(|_| KeyError::Pem)
}

/// A public key as PEM text.
pub fn public_key_to_pem(key: [u8; 32]) -> String {
    PublicKey::new(key).to_pem()
}

/// Returns the file with a signature, which replaces an earlier one.
///
/// # Errors
/// [`FormatError`] if the bytes are not a model, head or index file.
pub fn sign(file: &[u8], key: &SigningKey) -> Result<ModelBytes, FormatError> {
    // Any kind will do; a file of none is reported as a bad model.
    let kinds = [HeadFile::from_bytes(file).map(|_| ()), IndexFile::from_bytes(file).map(|_| ())];
    match kinds.into_iter().find(|result| *result != Err(FormatError::Magic)) {
        Some(result) => result?,
        None => Model::from_bytes(file).map(|_| ())?,
    }
    let word = |at: usize| u32::from_le_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]]);
    let size = |at: usize| (u64::from(word(at)) | u64::from(word(at + 4)) << 32) as usize;
    let entries = (0..word(12) as usize).map(|index| HEADER_BYTES + SECTION_BYTES * index);
    let entries = entries.filter(|&at| word(at) != section::SIGNATURE);
    let content = |at: usize| file[size(at + 8)..size(at + 8) + size(at + 16)].to_vec();
    let mut sections: Vec<Section> = entries.map(|at| (word(at), word(at + 4), content(at))).collect();
    sections.push((section::SIGNATURE, 0, vec![0; SIGNATURE_BYTES]));
    let mut magic = [0; 8];
    magic.copy_from_slice(&file[..8]);
    let mut signed = assemble(magic, word(8), &sections);
    let start = signed.len() - SIGNATURE_BYTES;
    let message = [&signed[..HEADER_BYTES - 4], &signed[HEADER_BYTES..start]].concat();
    let signature = key.0.sk.sign(&message, None);
    put(&mut signed, start, &1u32.to_le_bytes());
    put(&mut signed, start + 32, &key.public_key());
    put(&mut signed, start + 64, &*signature);
    seal(&mut signed);
    Ok(signed)
}
