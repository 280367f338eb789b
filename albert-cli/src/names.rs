//! Names that people know things by.

use albert_core::Model;
use albert_core::config::{Activation, Head, Precision, ProblemType};

/// The head's name, as `quantize --head` takes it.
pub(crate) fn head(head: Head) -> &'static str {
    match head {
        Head::None => "none",
        Head::SequenceClassification => "sequence-classification",
        Head::TokenClassification => "token-classification",
        Head::QuestionAnswering => "question-answering",
        Head::MultipleChoice => "multiple-choice",
        Head::MaskedLm => "masked-lm",
        Head::PreTraining => "pretraining",
    }
}

/// `problem_type` of the Hugging Face config.
pub(crate) fn problem_type(problem_type: ProblemType) -> &'static str {
    match problem_type {
        ProblemType::SingleLabel => "single_label_classification",
        ProblemType::MultiLabel => "multi_label_classification",
        ProblemType::Regression => "regression",
    }
}

/// `hidden_act` of the Hugging Face config.
pub(crate) fn activation(activation: Activation) -> &'static str {
    match activation {
        Activation::Gelu => "gelu",
        Activation::GeluTanh => "gelu_new",
        Activation::Relu => "relu",
        Activation::QuickGelu => "quick_gelu",
        Activation::Silu => "silu",
        Activation::Tanh => "tanh",
        Activation::Sigmoid => "sigmoid",
        Activation::Relu6 => "relu6",
        Activation::Relu2 => "relu2",
        Activation::LeakyRelu => "leaky_relu",
        Activation::HardSwish => "hardswish",
        Activation::Mish => "mish",
        Activation::Linear => "linear",
        Activation::Gelu10 => "gelu_10",
        Activation::Laplace => "laplace",
        Activation::SqrtSoftplus => "sqrtsoftplus",
    }
}

/// What activations are rounded to.
pub(crate) fn precision(precision: Precision) -> &'static str {
    match precision {
        Precision::Int8 => "int8",
        Precision::Float => "f32",
    }
}

/// Label `index`, by its name in the file or as the Hugging Face config would call it.
pub(crate) fn label(model: &Model<'_>, index: usize) -> String {
    model.label(index).map_or_else(|| format!("LABEL_{index}"), str::to_owned)
}
