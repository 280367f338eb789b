//! Signatures of model, head and index files: Ed25519 over all bytes but the checksum and the signature itself.

use super::bytes::{array_at, u32_at};
use super::layout::{HEADER_BYTES, SIGNATURE_BYTES, section};
use super::sections::Sections;
use super::{HeadFile, IndexFile, Model};
use crate::progress::Progress;
use crate::slices::part;
use ed25519_compact::{PublicKey, Signature, VerifyingState};

/// The algorithm code of Ed25519.
const ED25519: u32 = 1;
/// Where the section holds the key and the signature.
const KEY: usize = 32;
const SIGNATURE: usize = 64;

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SignatureError {
    /// The file has no signature.
    Unsigned,
    /// The algorithm is unknown, or a reserved field is not zero.
    Algorithm(u32),
    /// The file is signed with another key.
    OtherKey,
    /// The signature does not belong to these bytes and this key.
    Wrong,
}

impl core::fmt::Display for SignatureError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unsigned => f.write_str("the file has no signature"),
            Self::Algorithm(code) => write!(f, "the file is signed by an unknown algorithm ({code})"),
            Self::OtherKey => f.write_str("the file is signed with another key"),
            Self::Wrong => f.write_str("the signature is not that of this file"),
        }
    }
}

impl core::error::Error for SignatureError {}

/// A verification in pieces: the file is hashed step by step, so a main loop can do other work in between.
///
/// ```ignore
/// let mut check = SignatureCheck::of_model(&model, &PUBLIC_KEY)?;
/// while check.step(4096)? == Progress::Running { feed_the_watchdog(); }
/// ```
#[derive(Clone)]
pub struct SignatureCheck<'a> {
    state: VerifyingState,
    /// What is not hashed yet.
    rest: [&'a [u8]; 2],
}

impl core::fmt::Debug for SignatureCheck<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SignatureCheck").field("rest", &self.rest.map(<[u8]>::len)).finish_non_exhaustive()
    }
}

impl<'a> SignatureCheck<'a> {
    /// Starts the verification of a model file with the maker's public key.
    ///
    /// # Errors
    /// [`SignatureError`] if the file has no signature by this key.
    pub fn of_model(model: &Model<'a>, public_key: &[u8; 32]) -> Result<Self, SignatureError> {
        Self::new(model.sections(), public_key)
    }

    /// Starts the verification of a head file.
    ///
    /// # Errors
    /// As [`SignatureCheck::of_model`].
    pub fn of_head(head: &HeadFile<'a>, public_key: &[u8; 32]) -> Result<Self, SignatureError> {
        Self::new(head.sections(), public_key)
    }

    /// Starts the verification of an index file.
    ///
    /// # Errors
    /// As [`SignatureCheck::of_model`].
    pub fn of_index(index: &IndexFile<'a>, public_key: &[u8; 32]) -> Result<Self, SignatureError> {
        Self::new(index.sections(), public_key)
    }

    fn new(sections: &Sections<'a>, public_key: &[u8; 32]) -> Result<Self, SignatureError> {
        let stated = sections.find(section::SIGNATURE).ok_or(SignatureError::Unsigned)?;
        let algorithm = u32_at(stated, 0);
        if algorithm != ED25519 || (4..KEY).step_by(4).any(|at| u32_at(stated, at) != 0) {
            return Err(SignatureError::Algorithm(algorithm));
        }
        if array_at(stated, KEY) != public_key {
            return Err(SignatureError::OtherKey);
        }
        let signature = stated.get(SIGNATURE..).and_then(|tail| tail.first_chunk()).ok_or(SignatureError::Wrong)?;
        let state = PublicKey::new(*public_key).verify_incremental(&Signature::new(*signature));
        let file = sections.file();
        let message = part(file, ..file.len().saturating_sub(SIGNATURE_BYTES));
        let head = part(message, ..HEADER_BYTES - 4);
        let body = part(message, HEADER_BYTES..);
        Ok(Self { state: state.map_err(|_| SignatureError::Wrong)?, rest: [head, body] })
    }

    /// Hashes up to `most_bytes` more bytes, at least one. [`Progress::Done`] means that the signature is valid.
    ///
    /// # Errors
    /// [`SignatureError::Wrong`].
    pub fn step(&mut self, most_bytes: usize) -> Result<Progress, SignatureError> {
        let mut left = most_bytes.max(1);
        for part in &mut self.rest {
            let (now, later) = part.split_at_checked(left).unwrap_or((part, &[]));
            self.state.absorb(now);
            left -= now.len();
            *part = later;
        }
        if self.rest.iter().any(|part| !part.is_empty()) {
            return Ok(Progress::Running);
        }
        self.state.verify().map(|()| Progress::Done).map_err(|_| SignatureError::Wrong)
    }
}

impl Model<'_> {
    /// Verifies the file's signature with the maker's public key. Reads every byte.
    ///
    /// # Errors
    /// [`SignatureError`] if the signature is missing or not valid. Do not use the file then.
    pub fn verify_signature(&self, public_key: &[u8; 32]) -> Result<(), SignatureError> {
        SignatureCheck::of_model(self, public_key)?.step(usize::MAX).map(|_| ())
    }
}

impl HeadFile<'_> {
    /// Verifies the file's signature with the maker's public key. Reads every byte.
    ///
    /// # Errors
    /// [`SignatureError`] if the signature is missing or not valid. Do not use the file then.
    pub fn verify_signature(&self, public_key: &[u8; 32]) -> Result<(), SignatureError> {
        SignatureCheck::of_head(self, public_key)?.step(usize::MAX).map(|_| ())
    }
}

impl IndexFile<'_> {
    /// Verifies the file's signature with the maker's public key. Reads every byte.
    ///
    /// # Errors
    /// [`SignatureError`] if the signature is missing or not valid. Do not use the file then.
    pub fn verify_signature(&self, public_key: &[u8; 32]) -> Result<(), SignatureError> {
        SignatureCheck::of_index(self, public_key)?.step(usize::MAX).map(|_| ())
    }
}
