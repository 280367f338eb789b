//! Status numbers. They never change their meaning; new ones may be added.

use albert_core::error::TensorProblem;
use albert_core::heads::PrototypeError;
use albert_core::kernels::KernelError;
use albert_core::tokenizer::EncodeError;
use albert_core::tokenizer::TableError;
use albert_core::{FormatError, InputError, SessionError, TextError};
use core::ffi::{CStr, c_char};

/// What a call came to. Functions with a `detail` argument write the number there that a status names.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum albert_status {
    /// Done.
    Ok = 0,
    /// The session has more steps to do.
    Running = 1,
    /// A pointer is null that must not be.
    NullPointer = 2,
    /// Memory for a handle is too small or misaligned.
    HandleMemory = 3,
    /// A number is not one that the argument can have.
    Argument = 4,
    /// The session has no such result: wrong head, or not finished.
    NoResult = 5,
    /// There is no label, token or id of this kind.
    NotFound = 6,
    /// A buffer for a result is too small. detail: elements needed.
    BufferTooSmall = 7,
    /// A pointer is not aligned for what it leads to.
    Misaligned = 8,
    /// Stored bytes are not those of such prototypes, or damaged.
    Stored = 9,
    /// An embedding is zero or not finite.
    Direction = 10,
    /// This library was built without the function.
    NotCompiledIn = 11,

    /// The model file ends too early. detail: bytes needed.
    FileTruncated = 100,
    /// The model file does not lie at a multiple of 64.
    FileMisaligned = 101,
    /// Not a model file.
    FileMagic = 102,
    /// A version of the model file that this library does not read. detail: the version.
    FileVersion = 103,
    /// The file's length differs from the one in its header. detail: length by the header.
    FileBytes = 104,
    /// A section of the file is out of place. detail: its index.
    FileSection = 105,
    /// A section is unknown, missing or there twice. detail: its kind.
    FileSectionKind = 106,
    /// A reserved field is in use.
    FileReserved = 107,
    /// An impossible configuration. detail: index of the field.
    FileConfig = 108,
    /// A tensor is wrong. detail: role + 65536 x block.
    FileTensor = 109,
    /// The labels are malformed.
    FileLabels = 110,
    /// The tokenizer's tables are malformed.
    FileTokenizer = 111,
    /// The checksum differs. detail: the computed one.
    FileChecksum = 112,
    /// Another fault of the model file.
    File = 113,
    /// This library was built without the code for such weights, or for such a tokenizer.
    FileNotCompiledIn = 114,
    /// The head file was fitted on another encoder.
    FileOtherEncoder = 115,

    /// The arena is too small. detail: bytes missing.
    ArenaTooSmall = 200,
    /// No kernel set of this name.
    KernelsUnknown = 201,
    /// This CPU does not run the kernel set.
    KernelsUnavailable = 202,

    /// No ids.
    InputEmpty = 300,
    /// Too many tokens. detail: tokens allowed.
    InputTooLong = 301,
    /// An id is not in the vocabulary. detail: its index.
    InputId = 302,
    /// A token type does not exist. detail: its index.
    InputTokenType = 303,
    /// The attention mask lets nothing through.
    InputAllMasked = 304,
    /// A listed position is masked, out of range or listed twice. detail: its index in the list.
    InputPosition = 305,
    /// More layers than the model has, or none.
    InputLayers = 306,

    /// The model file has no tokenizer.
    TextNoTokenizer = 400,
    /// Text is not UTF-8.
    TextNotUtf8 = 401,
    /// The memory for tokenizing is too small. detail: bytes missing at least.
    TextMemory = 402,
    /// The token limit is below the special tokens. detail: their number.
    TextLimit = 403,
    /// Too many tokens, and truncation is off or cannot cut enough. detail: tokens, when they are known.
    TextTooManyTokens = 404,
    /// The second text is to be cut and there is none.
    TextNoSecond = 405,
    /// A text of 2 GiB or more.
    TextTooLong = 406,
    /// The text is empty.
    TextEmpty = 407,
    /// There is no mask token in the text.
    TextNoMask = 408,

    /// The model file cannot be opened.
    FileOpen = 500,
    /// No task of this name.
    TaskUnknown = 501,
    /// The model does not serve the task.
    TaskModel = 502,
    /// An option that the task does not have, or a value that the option cannot have.
    TaskOption = 503,
    /// The request lacks a field, or has one that the task does not take.
    TaskRequest = 504,
    /// More working memory than the limit is needed.
    MemoryLimit = 505,
    /// There is no more memory.
    OutOfMemory = 506,
    /// The operating system does not start threads.
    Threads = 507,
    /// A callback ended the call.
    Cancelled = 508,
    /// A bug of this library.
    Internal = 509,
}

/// What [`albert_status_name`] says.
static NAMES: &[(albert_status, &CStr)] = &[
    (albert_status::Ok, c"ok"),
    (albert_status::Running, c"running"),
    (albert_status::NullPointer, c"null pointer"),
    (albert_status::HandleMemory, c"handle memory too small or misaligned"),
    (albert_status::Argument, c"argument out of range"),
    (albert_status::NoResult, c"no such result"),
    (albert_status::NotFound, c"not found"),
    (albert_status::BufferTooSmall, c"buffer too small"),
    (albert_status::Misaligned, c"misaligned pointer"),
    (albert_status::Stored, c"stored prototypes wrong"),
    (albert_status::Direction, c"embedding zero or not finite"),
    (albert_status::NotCompiledIn, c"library built without the function"),
    (albert_status::FileTruncated, c"model file truncated"),
    (albert_status::FileMisaligned, c"model file misaligned"),
    (albert_status::FileMagic, c"not a model file"),
    (albert_status::FileVersion, c"model file version not supported"),
    (albert_status::FileBytes, c"model file length differs from its header"),
    (albert_status::FileSection, c"model file section out of place"),
    (albert_status::FileSectionKind, c"model file section unknown, missing or doubled"),
    (albert_status::FileReserved, c"model file uses a reserved field"),
    (albert_status::FileConfig, c"model configuration impossible"),
    (albert_status::FileTensor, c"model tensor wrong"),
    (albert_status::FileLabels, c"model labels malformed"),
    (albert_status::FileTokenizer, c"model tokenizer malformed"),
    (albert_status::FileChecksum, c"model file checksum differs"),
    (albert_status::File, c"model file malformed"),
    (albert_status::FileNotCompiledIn, c"library built without what the model needs"),
    (albert_status::FileOtherEncoder, c"head file fitted on another encoder"),
    (albert_status::ArenaTooSmall, c"arena too small"),
    (albert_status::KernelsUnknown, c"kernel set unknown"),
    (albert_status::KernelsUnavailable, c"kernel set not available on this CPU"),
    (albert_status::InputEmpty, c"input empty"),
    (albert_status::InputTooLong, c"input too long"),
    (albert_status::InputId, c"token id out of range"),
    (albert_status::InputTokenType, c"token type out of range"),
    (albert_status::InputAllMasked, c"attention mask is all zero"),
    (albert_status::InputPosition, c"listed position wrong"),
    (albert_status::InputLayers, c"number of layers wrong"),
    (albert_status::TextNoTokenizer, c"model has no tokenizer"),
    (albert_status::TextNotUtf8, c"text is not UTF-8"),
    (albert_status::TextMemory, c"tokenizer memory too small"),
    (albert_status::TextLimit, c"token limit below the special tokens"),
    (albert_status::TextTooManyTokens, c"text has too many tokens"),
    (albert_status::TextNoSecond, c"no second text to truncate"),
    (albert_status::TextTooLong, c"text too long"),
];

/// The same, of statuses that only tasks have.
#[cfg(feature = "tasks")]
static TASK_NAMES: &[(albert_status, &CStr)] = &[
    (albert_status::TextEmpty, c"text empty"),
    (albert_status::TextNoMask, c"no mask token in the text"),
    (albert_status::FileOpen, c"model file cannot be opened"),
    (albert_status::TaskUnknown, c"no such task"),
    (albert_status::TaskModel, c"model does not serve the task"),
    (albert_status::TaskOption, c"option wrong"),
    (albert_status::TaskRequest, c"request incomplete or malformed"),
    (albert_status::MemoryLimit, c"memory limit too low"),
    (albert_status::OutOfMemory, c"out of memory"),
    (albert_status::Threads, c"threads cannot be started"),
    (albert_status::Cancelled, c"cancelled"),
    (albert_status::Internal, c"internal error"),
];
#[cfg(not(feature = "tasks"))]
static TASK_NAMES: &[(albert_status, &CStr)] = &[];

/// Name of a status, for logs: "ok", "arena too small". Static text; "unknown" for a number that is none.
#[unsafe(no_mangle)]
pub extern "C" fn albert_status_name(status: i32) -> *const c_char {
    let name = NAMES.iter().chain(TASK_NAMES).find(|(of, _)| *of as i32 == status);
    name.map_or(c"unknown", |(_, name)| name).as_ptr()
}

/// A status and the number that goes with it.
#[derive(Clone, Copy)]
pub(crate) struct Failure(pub(crate) albert_status, pub(crate) u64);

impl From<albert_status> for Failure {
    fn from(status: albert_status) -> Self {
        Self(status, 0)
    }
}

impl From<KernelError> for albert_status {
    fn from(error: KernelError) -> Self {
        match error {
            KernelError::Unknown => Self::KernelsUnknown,
            _ => Self::KernelsUnavailable,
        }
    }
}

impl From<FormatError> for Failure {
    fn from(error: FormatError) -> Self {
        use albert_status as status;
        match error {
            FormatError::Truncated { needed } => Self(status::FileTruncated, needed),
            FormatError::Misaligned => Self(status::FileMisaligned, 0),
            FormatError::Magic => Self(status::FileMagic, 0),
            FormatError::Version(version) => Self(status::FileVersion, version.into()),
            FormatError::FileBytes { stated, .. } => Self(status::FileBytes, stated),
            FormatError::Section { index } => Self(status::FileSection, index.into()),
            FormatError::UnknownSection(kind)
            | FormatError::DuplicateSection(kind)
            | FormatError::MissingSection(kind) => Self(status::FileSectionKind, kind.into()),
            FormatError::Reserved => Self(status::FileReserved, 0),
            FormatError::Config(field) => Self(status::FileConfig, field as u64),
            FormatError::TensorCount { .. } => Self(status::FileTensor, u64::from(u16::MAX)),
            FormatError::NotCompiledIn
            | FormatError::Tensor { problem: TensorProblem::NotCompiledIn, .. }
            | FormatError::Tokenizer(TableError::NotCompiledIn) => Self(status::FileNotCompiledIn, 0),
            FormatError::Tensor { role, block, .. } => {
                Self(status::FileTensor, u64::from(role) | u64::from(block) << 16)
            }
            FormatError::Labels => Self(status::FileLabels, 0),
            FormatError::Tokenizer(_) => Self(status::FileTokenizer, 0),
            _ => Self(status::File, 0),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::HeadLabels { planned, .. } => Self(albert_status::Argument, planned as u64),
            SessionError::OtherEncoder => Self(albert_status::FileOtherEncoder, 0),
            SessionError::NoExit => Self(albert_status::NoResult, 0),
            SessionError::ArenaTooSmall { missing } => Self(albert_status::ArenaTooSmall, missing as u64),
            _ => Self(albert_status::Argument, 0),
        }
    }
}

impl From<PrototypeError> for Failure {
    fn from(error: PrototypeError) -> Self {
        match error {
            PrototypeError::Memory { needed } => Self(albert_status::BufferTooSmall, needed as u64),
            PrototypeError::Stored => Self(albert_status::Stored, 0),
            PrototypeError::Label { .. } => Self(albert_status::NotFound, 0),
            PrototypeError::Direction => Self(albert_status::Direction, 0),
            _ => Self(albert_status::Argument, 0),
        }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        use albert_status as status;
        match error {
            InputError::Empty => Self(status::InputEmpty, 0),
            InputError::TooLong { limit, .. } => Self(status::InputTooLong, limit as u64),
            InputError::Id { index, .. } => Self(status::InputId, index as u64),
            InputError::TokenType { index, .. } => Self(status::InputTokenType, index as u64),
            InputError::AllMasked => Self(status::InputAllMasked, 0),
            InputError::Position { index } => Self(status::InputPosition, index as u64),
            InputError::Layers => Self(status::InputLayers, 0),
            _ => Self(status::Argument, 0),
        }
    }
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        use albert_status as status;
        match error {
            EncodeError::MemoryTooSmall { missing } => Self(status::TextMemory, missing as u64),
            EncodeError::LimitTooSmall { special_tokens } => Self(status::TextLimit, special_tokens as u64),
            EncodeError::TooManyTokens { tokens } => Self(status::TextTooManyTokens, tokens as u64),
            EncodeError::SequenceTooShort => Self(status::TextTooManyTokens, 0),
            EncodeError::SecondSequenceMissing => Self(status::TextNoSecond, 0),
            EncodeError::TextTooLong => Self(status::TextTooLong, 0),
            EncodeError::OutputTooSmall { needed } => Self(status::BufferTooSmall, needed as u64),
            _ => Self(status::Argument, 0),
        }
    }
}

impl From<TextError> for Failure {
    fn from(error: TextError) -> Self {
        match error {
            TextError::NoTokenizer => Self(albert_status::TextNoTokenizer, 0),
            TextError::Encode(error) => error.into(),
            TextError::Input(error) => error.into(),
            _ => Self(albert_status::Argument, 0),
        }
    }
}
