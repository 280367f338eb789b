//! The configuration of a network: sizes, activation, head. It is read from the model file, or written by hand for a `const` plan.

/// Geometry of an ALBERT network and the head on top of it.
///
/// Field names are those of the Hugging Face `config.json`. All sizes are counts of elements.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Config {
    /// Rows of the word embedding table.
    pub vocab_size: u32,
    /// Width of the embeddings, E.
    pub embedding_size: u32,
    /// Width of the hidden state, H.
    pub hidden_size: u32,
    /// Width of the feed-forward block, I.
    pub intermediate_size: u32,
    /// Layers, L; each runs the blocks of a group.
    pub num_hidden_layers: u32,
    /// Groups with weights of their own, G.
    pub num_hidden_groups: u32,
    /// Blocks inside a group, all run by each layer, N.
    pub inner_group_num: u32,
    /// Attention heads, A; a divisor of H.
    pub num_attention_heads: u32,
    /// Longest sequence, P.
    pub max_position_embeddings: u32,
    /// Rows of the token type table, T.
    pub type_vocab_size: u32,
    /// Activation function of the feed-forward block and of the masked-LM head.
    pub hidden_act: Activation,
    /// Added to the variance in every layer norm.
    pub layer_norm_eps: f32,
    /// The type that inputs of linears are quantized to.
    pub precision: Precision,
    /// The head of the network.
    pub head: Head,
    /// Whether a linear maps the embeddings to the hidden width. Without it, E = H, and the embeddings are the first hidden states.
    pub embedding_mapping: bool,
    /// Whether the pooler's weights are present.
    pub pooler: bool,
    /// Outputs of the head, C; 0 if it has none of its own.
    pub num_labels: u32,
    /// How the classifier's logits become scores.
    pub problem_type: ProblemType,
    /// The vector that a classifier of whole inputs reads; [`Pooling::Pooler`] for other heads.
    pub pooling: Pooling,
    /// Outputs of the dense layer of sentence embeddings, D; 0 if there is none.
    pub sentence_dense: u32,
    /// Properties of the stored weights that the size of the arena depends on.
    pub storage: Storage,
}

/// Properties of the stored weights that the size of the arena depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Storage {
    /// Most places in K that outlier channel splitting adds to any linear.
    pub ocs_places: u32,
    /// Whether some linear has a smoothing vector.
    pub smoothing: bool,
    /// Whether some matrix is in a codebook format.
    pub codebook: bool,
}

impl Config {
    /// albert-base-v2 with a classifier of two labels, int8.
    pub const BASE: Self = Self {
        vocab_size: 30_000,
        embedding_size: 128,
        hidden_size: 768,
        intermediate_size: 3072,
        num_hidden_layers: 12,
        num_hidden_groups: 1,
        inner_group_num: 1,
        num_attention_heads: 12,
        max_position_embeddings: 512,
        type_vocab_size: 2,
        hidden_act: Activation::GeluTanh,
        layer_norm_eps: 1e-12,
        precision: Precision::Int8,
        head: Head::SequenceClassification,
        embedding_mapping: true,
        pooler: true,
        num_labels: 2,
        problem_type: ProblemType::SingleLabel,
        pooling: Pooling::Pooler,
        sentence_dense: 0,
        storage: Storage { ocs_places: 128, smoothing: false, codebook: false },
    };

    /// Width of one attention head, D; 0 if there are no heads.
    pub const fn head_size(&self) -> u32 {
        match self.hidden_size.checked_div(self.num_attention_heads) {
            Some(size) => size,
            None => 0,
        }
    }

    /// Blocks with weights of their own, G x N.
    pub const fn num_blocks(&self) -> u32 {
        self.num_hidden_groups * self.inner_group_num
    }
}

/// Declares a fieldless enum with fixed `u32` codes and names, the first of which is the one to print.
macro_rules! coded {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal, $first:literal $(| $other:literal)*;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* #[doc = concat!("\n\nNames: `", $first, "`" $(, ", `", $other, "`")*, ".")] $variant = $code,)* }

        impl $name {
            /// Every value, in the order of the codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The value with this code in the model file.
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }

            /// The value with this name; a value may have several names.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($first $(| $other)* => Some(Self::$variant),)* _ => None }
            }

            /// The value's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $first,)* }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

coded! {
    /// Activation function; the names are those of `hidden_act` in the Hugging Face config.
    Activation {
        /// x/2 (1 + erf(x/√2)).
        Gelu = 0, "gelu" | "gelu_python";
        /// Tanh form of GELU.
        GeluTanh = 1, "gelu_new" | "gelu_pytorch_tanh" | "gelu_python_tanh" | "gelu_fast" | "gelu_accurate";
        /// max(0, x).
        Relu = 2, "relu";
        /// x σ(1.702 x).
        QuickGelu = 3, "quick_gelu";
        /// x σ(x).
        Silu = 4, "silu" | "swish";
        /// tanh(x).
        Tanh = 5, "tanh";
        /// σ(x).
        Sigmoid = 6, "sigmoid";
        /// min(max(0, x), 6).
        Relu6 = 7, "relu6";
        /// max(0, x)².
        Relu2 = 8, "relu2";
        /// x for x > 0, else x/100.
        LeakyRelu = 9, "leaky_relu";
        /// x · relu6(x + 3) / 6.
        HardSwish = 10, "hardswish";
        /// x tanh(ln(1 + eˣ)).
        Mish = 11, "mish";
        /// x.
        Linear = 12, "linear";
        /// `Gelu` clamped to [-10, 10].
        Gelu10 = 13, "gelu_10";
        /// (1 + erf((x - μ)/(σ√2)))/2, μ = 0.707107, σ = 0.282095.
        Laplace = 14, "laplace";
        /// The mean of x and |x|, root of it: √(softplus(x)).
        SqrtSoftplus = 15, "sqrtsoftplus";
    }
}

coded! {
    /// The type that inputs of linears are quantized to, and that keys and values are stored in.
    Precision {
        /// int8, per token. Logits have the same bits on every instruction set.
        Int8 = 0, "int8";
        /// f32. Results on different instruction sets are close, but not identical.
        Float = 1, "f32";
    }
}

coded! {
    /// The head of a network.
    Head {
        /// Encoder output only.
        None = 0, "none";
        /// One or several labels, or a value, for the whole input.
        SequenceClassification = 1, "sequence-classification";
        /// A label for every token.
        TokenClassification = 2, "token-classification";
        /// Start and end of an answer.
        QuestionAnswering = 3, "question-answering";
        /// A score for each choice.
        MultipleChoice = 4, "multiple-choice";
        /// Vocabulary logits at the masked positions.
        MaskedLm = 5, "masked-lm";
        /// Masked LM and sentence order.
        PreTraining = 6, "pretraining";
    }
}

coded! {
    /// How the hidden states of an input become one vector. Masked tokens do not count.
    Pooling {
        /// The pooler: a linear and an activation on the first token's hidden state.
        Pooler = 0, "pooler";
        /// The first token's hidden state.
        FirstToken = 1, "first-token" | "cls";
        /// The mean over the tokens.
        Mean = 2, "mean";
        /// The largest value of each channel over the tokens.
        Max = 3, "max";
        /// The sum over the tokens divided by the square root of their number.
        MeanSqrt = 4, "mean-sqrt";
    }
}

impl Pooling {
    /// Whether it reads every token, not just the first.
    pub const fn reads_all(self) -> bool {
        matches!(self, Self::Mean | Self::Max | Self::MeanSqrt)
    }
}

/// How a text's hidden states become its embedding: pooling, then the dense layer if there is one, then length 1 if it is
/// normalized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SentenceEmbedding {
    /// From tokens to one vector.
    pub pooling: Pooling,
    /// Activation of the dense layer; `None` when there is no such layer.
    pub dense: Option<Activation>,
    /// Whether the embedding is scaled to length 1.
    pub normalize: bool,
}

impl SentenceEmbedding {
    /// The default for model files that do not say: the mean over the tokens, scaled to length 1.
    pub const DEFAULT: Self = Self { pooling: Pooling::Mean, dense: None, normalize: true };
}

/// A classifier of whole inputs: what it reads, and how its logits become scores.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Classifier {
    /// Outputs, C.
    pub num_labels: u32,
    /// How logits become scores.
    pub problem_type: ProblemType,
    /// The vector that the classifier reads.
    pub pooling: Pooling,
    /// Logits are divided by the temperature before they become scores, so that a score of 0.9 is right in 9 of 10 cases. Positive; 1
    /// if it was not calibrated.
    pub temperature: f32,
    /// From 0 to 1; 0 if the file does not say. Single label: an input whose best score is below the threshold is out of scope. Multi
    /// label: a label whose score is below does not apply.
    pub threshold: f32,
}

/// The input of a head's linear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HeadInput {
    /// None: there is no such linear.
    Nothing,
    /// The pooled output.
    Pooled,
    /// The last hidden state of every token.
    Tokens,
}

impl Head {
    /// The input of the linear with `num_labels` outputs.
    pub const fn input(self) -> HeadInput {
        match self {
            Self::None | Self::MaskedLm => HeadInput::Nothing,
            Self::SequenceClassification | Self::MultipleChoice | Self::PreTraining => HeadInput::Pooled,
            Self::TokenClassification | Self::QuestionAnswering => HeadInput::Tokens,
        }
    }

    /// Whether the head has vocabulary logits.
    pub const fn is_masked_lm(self) -> bool {
        matches!(self, Self::MaskedLm | Self::PreTraining)
    }
}

coded! {
    /// How a classifier's logits become scores (`problem_type` of the Hugging Face config).
    ProblemType {
        /// Softmax over the labels.
        SingleLabel = 0, "single_label_classification";
        /// A sigmoid for each label.
        MultiLabel = 1, "multi_label_classification";
        /// The logits as they are.
        Regression = 2, "regression";
    }
}
