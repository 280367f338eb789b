//! Signed files: the maker's signature is verified, and nothing else is.

use albert_core::format::layout::SIGNATURE_BYTES;
use albert_core::format::{SignatureCheck, SignatureError, verify_checksum};
use albert_core::{FormatError, HeadFile, Input, Model, Plan, Progress, Session};
use albert_quant::{SigningKey, public_key_from_pem, public_key_to_pem, sign};
use albert_tests::aligned::Aligned;
use albert_tests::fixtures;
use albert_tests::model_file::{Parts, Storage, seal};
use albert_tests::reference::Reference;

fn model_file() -> Aligned {
    Parts::new(&Reference::load(&fixtures::load("sequence-classification-narrow").directory), Storage::INT8).assemble()
}

fn verdict(file: &[u8], key: &[u8; 32]) -> Result<(), SignatureError> {
    Model::from_bytes(file).expect("a valid model file").verify_signature(key)
}

#[test]
fn signed_files_are_the_same_models() {
    let (file, key) = (model_file(), SigningKey::from_seed([7; 32]));
    let signed = sign(&file, &key).expect("a model file");
    assert_eq!(verify_checksum(&signed), Ok(()));
    assert_eq!(verdict(&signed, &key.public_key()), Ok(()));
    let logits = |file: &[u8]| {
        let model = Model::from_bytes(file).expect("a valid model file");
        let plan = Plan::new(model.config(), 4);
        let mut arena = Aligned::zeros(plan.arena_bytes());
        let mut session = Session::new(&model, plan, &mut arena).expect("the planned arena");
        session.run(&Input::new(&[1, 2, 3])).expect("a valid input").logits().to_vec()
    };
    assert_eq!(logits(&signed), logits(&file));
    // Signing again replaces the signature; the same key gives the same bytes.
    assert_eq!(&sign(&signed, &key).expect("a model file")[..], &signed[..]);
    let other = SigningKey::from_seed([8; 32]);
    let resigned = sign(&signed, &other).expect("a model file");
    assert_eq!(resigned.len(), signed.len());
    assert_eq!(verdict(&resigned, &other.public_key()), Ok(()));
}

/// An independent implementation agrees on the message and the signature.
#[test]
fn the_signature_is_ed25519_over_the_file() {
    use ed25519_dalek::{Signature, Signer, SigningKey as Dalek, VerifyingKey};
    let (file, key) = (model_file(), SigningKey::from_seed([7; 32]));
    let signed = sign(&file, &key).expect("a model file");
    let start = signed.len() - SIGNATURE_BYTES;
    let message = [&signed[..60], &signed[64..start]].concat();
    let section = &signed[start..];
    let stated: [u8; 64] = section[64..].try_into().expect("64 bytes");
    let public = VerifyingKey::from_bytes(&section[32..64].try_into().expect("32 bytes")).expect("a key");
    public.verify_strict(&message, &Signature::from_bytes(&stated)).expect("the right signature");
    assert_eq!(Dalek::from_bytes(&[7; 32]).sign(&message).to_bytes(), stated);
}

#[test]
fn what_is_not_trusted() {
    let (file, key) = (model_file(), SigningKey::from_seed([7; 32]));
    let public = key.public_key();
    assert_eq!(verdict(&file, &public), Err(SignatureError::Unsigned));
    let signed = sign(&file, &key).expect("a model file");
    assert_eq!(verdict(&signed, &SigningKey::from_seed([8; 32]).public_key()), Err(SignatureError::OtherKey));
    let start = signed.len() - SIGNATURE_BYTES;
    let edited = |edit: &dyn Fn(&mut [u8])| {
        let mut file = Aligned::copy(&signed);
        edit(&mut file);
        seal(&mut file);
        file
    };
    // Another key's name on the same signature.
    let other = SigningKey::from_seed([8; 32]).public_key();
    let renamed = edited(&|file| file[start + 32..start + 64].copy_from_slice(&other));
    assert_eq!(verdict(&renamed, &other), Err(SignatureError::Wrong));
    let unknown = edited(&|file| file[start] = 2);
    assert_eq!(verdict(&unknown, &public), Err(SignatureError::Algorithm(2)));
    for at in 4..32 {
        assert!(matches!(verdict(&edited(&|file| file[start + at] = 1), &public), Err(SignatureError::Algorithm(_))));
    }
    // Every flipped byte, the checksum mended: refused as a file or as untrusted.
    for at in (0..60).chain(64..signed.len()).filter(|at| at % 7 == 0 || *at < 400 || *at >= start) {
        let damaged = edited(&|file| file[at] ^= 0x10);
        match Model::from_bytes(&damaged) {
            Err(_) => {}
            Ok(model) => assert!(model.verify_signature(&public).is_err(), "byte {at}"),
        }
    }
    // The section cut off, with a directory that knows nothing of it.
    let stripped = sign(&file, &key).map(|_| Aligned::copy(&file)).expect("a model file");
    assert_eq!(verdict(&stripped, &public), Err(SignatureError::Unsigned));
    // Cut off alone.
    assert!(matches!(Model::from_bytes(&Aligned::copy(&signed[..start])), Err(FormatError::FileBytes { .. })));
    // A key of small order signs everything and is worth nothing.
    let mut weak = [0; 32];
    weak[0] = 1;
    let forged = edited(&|file| {
        file[start + 32..start + 64].copy_from_slice(&weak);
        file[start + 64..].fill(0);
        file[start + 64] = 1;
    });
    assert_eq!(verdict(&forged, &weak), Err(SignatureError::Wrong));
}

#[test]
fn piece_by_piece() {
    let (file, key) = (model_file(), SigningKey::from_seed([7; 32]));
    let signed = sign(&file, &key).expect("a model file");
    let model = Model::from_bytes(&signed).expect("a valid model file");
    for bytes in [0, 1, 61, 4096] {
        let mut check = SignatureCheck::of_model(&model, &key.public_key()).expect("a signature");
        let mut steps = 1;
        while check.step(bytes).expect("the right signature") == Progress::Running {
            steps += 1;
        }
        assert_eq!(steps, (signed.len() - SIGNATURE_BYTES - 4).div_ceil(bytes.max(1)));
    }
}

#[test]
fn head_files_and_keys() {
    let key = SigningKey::generate().expect("random numbers");
    let text = key.to_pem();
    assert_eq!(SigningKey::from_pem(&text).expect("a key").public_key(), key.public_key());
    let public = public_key_to_pem(key.public_key());
    assert_eq!(public_key_from_pem(&public), Ok(key.public_key()));
    assert!(public_key_from_pem(&text).is_err() && SigningKey::from_pem(&public).is_err());
    assert!(SigningKey::from_pem("no key").is_err());
    // As `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout` write them.
    let openssl = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";
    assert_eq!(SigningKey::from_pem(openssl).expect("a key").public_key(), SigningKey::from_seed([7; 32]).public_key());
    let (file, _) = (model_file(), ());
    let model = Model::from_bytes(&file).expect("a valid model file");
    let width = model.config().hidden_size as usize;
    let labels = ["a".to_owned(), "b".to_owned()];
    let weights: Vec<f32> = (0..2 * width).map(|index| index as f32 / 10.0).collect();
    let classifier = albert_core::config::Classifier { num_labels: 2, ..model.classifier().expect("a classifier") };
    let head = albert_quant::ClassifierWeights {
        classifier,
        labels: &labels,
        weights: &weights,
        bias: &[0.5, -0.5],
        int8: true,
        provenance: serde_json::json!({}),
    };
    let head = albert_quant::head_file(&model, &head).expect("it fits");
    let signed = sign(&head, &key).expect("a head file");
    let head = HeadFile::from_bytes(&signed).expect("a valid head file");
    assert_eq!(head.verify_signature(&key.public_key()), Ok(()));
    assert_eq!(head.label(1), Some("b"));
}
