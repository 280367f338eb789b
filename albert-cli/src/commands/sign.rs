//! `albert generate-key`, `sign` and `verify`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use albert_core::format::{HeadFile, IndexFile, SignatureError, verify_checksum};
use albert_core::{FormatError, Model};
use albert_quant::{SigningKey, encoder_hash, public_key_from_pem, public_key_to_pem, sign};

use crate::args::{GenerateKey, Sign, Verify};
use crate::console::Console;
use crate::error::{At, Error, Outcome, Result};
use crate::output::Output;

/// Writes a new pair of keys; neither file may be there yet.
pub(super) fn generate_key(args: &GenerateKey) -> Result<Outcome> {
    let key = SigningKey::generate().map_err(Error::new)?;
    let public = beside(&args.output);
    create(&args.output, &key.to_pem(), true)?;
    create(&public, &public_key_to_pem(key.public_key()), false)?;
    let mut console = Console::new();
    console.line(format_args!("{}: private key; keep it secret", args.output.display()))?;
    console.line(format_args!("{}: public key; give it to devices", public.display()))?;
    console.flush()?;
    Ok(Outcome::Passed)
}

/// The public key's file.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

fn create(path: &Path, text: &str, secret: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let _ = secret;
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.at(format_args!("cannot write {}", path.display()))
}

pub(super) fn sign_file(args: &Sign) -> Result<Outcome> {
    let target = args.output.as_deref().unwrap_or(&args.model);
    let output = Output::new(target, &[&args.key])?;
    let key = text(&args.key)?;
    let key = SigningKey::from_pem(&key).map_err(Error::new).at(args.key.display())?;
    let file = aligned(&args.model)?;
    let signed = sign(&file, &key).at(args.model.display())?;
    // The map of the old file ends first: its name is about to stand for the new one.
    drop(file);
    output.write(&signed)?;
    let mut console = Console::new();
    console.line(format_args!("{}: signed, {} bytes", target.display(), signed.len()))?;
    console.flush()?;
    Ok(Outcome::Passed)
}

pub(super) fn verify(args: &Verify) -> Result<Outcome> {
    let shown = args.model.display();
    let file = aligned(&args.model)?;
    let key = match &args.public_key {
        Some(path) => Some(public_key_from_pem(&text(path)?).map_err(Error::new).at(path.display())?),
        None => None,
    };
    let signature = check(&file, key.as_ref()).at(&shown)?;
    verify_checksum(&file).at(&shown)?;
    if let Some(signature) = signature {
        signature.map_err(|error| Error::new(format_args!("{shown}: {error}; do not use it")))?;
    }
    let mut console = Console::new();
    let right = if key.is_some() { "signature and checksum are right" } else { "the checksum is right" };
    console.line(format_args!("{shown}: {right}"))?;
    console.flush()?;
    Ok(Outcome::Passed)
}

/// Checks the file's structure and the stated hash of its encoder; what there is to say about the signature when there is a key.
fn check(file: &[u8], key: Option<&[u8; 32]>) -> Result<Option<std::result::Result<(), SignatureError>>> {
    match HeadFile::from_bytes(file) {
        Err(FormatError::Magic) => {}
        head => {
            let head = head.map_err(Error::new)?;
            return Ok(key.map(|key| head.verify_signature(key)));
        }
    }
    match IndexFile::from_bytes(file) {
        Err(FormatError::Magic) => {}
        index => {
            let index = index.map_err(Error::new)?;
            return Ok(key.map(|key| index.verify_signature(key)));
        }
    }
    let model = Model::from_bytes(file).map_err(Error::new)?;
    if encoder_hash(&model) != *model.encoder_hash() {
        return Err(Error::new("the encoder is not the one whose hash the file states"));
    }
    Ok(key.map(|key| model.verify_signature(key)))
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).at(format_args!("cannot read {}", path.display()))
}

/// A file's bytes at a multiple of 64.
fn aligned(path: &Path) -> Result<memmap2::Mmap> {
    let file = std::fs::File::open(path).at(format_args!("cannot open {}", path.display()))?;
    // SAFETY: as for every model file, it is not changed while it is used; see `docs/security.md`.
    unsafe { memmap2::Mmap::map(&file) }.at(format_args!("cannot map {}", path.display()))
}
