//! `albert run`, and what it shares with other commands that read rows.

use std::path::PathBuf;

use albert_edge::{Aggregation, ExitPolicy, Function, Options, Task, Truncation};
use clap::{ArgAction, Args};

use super::{Isa, values};

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Model file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) rows: RowDefaults,
    #[command(flatten)]
    pub(crate) options: TaskOptions,
    /// Task, when it is not the one that the model's head is made for
    #[arg(long, value_name = "NAME", value_parser = |name: &str| name.parse::<Task>())]
    pub(crate) task: Option<Task>,
    /// Threads that texts, or the layers of a few texts, are shared out to [default: all]
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    pub(crate) threads: Option<usize>,
    /// Run only the first N layers
    #[arg(long, value_name = "N")]
    pub(crate) layers: Option<u32>,
    #[command(flatten)]
    pub(crate) exit: Exit,
    #[command(flatten)]
    pub(crate) isa: Isa,
    /// Compare the model file's checksum first, also when that takes time
    #[arg(long)]
    pub(crate) verify: bool,
    /// Print JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

/// When an inference may end before the last layer.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Exit {
    /// End an inference after K layers in a row that agree with the layer before them; 0: after the first
    #[arg(long = "exit-patience", value_name = "K")]
    patience: Option<u32>,
    /// End an inference after the first layer whose best label has probability P or more
    #[arg(long = "exit-confidence", value_name = "P", conflicts_with = "patience", value_parser = values::probability)]
    confidence: Option<f32>,
}

impl Exit {
    /// The policy, if one was asked for.
    pub(crate) fn policy(self) -> Option<ExitPolicy> {
        self.patience.map(ExitPolicy::Patience).or(self.confidence.map(ExitPolicy::Confidence))
    }

    /// The option that was given.
    pub(crate) fn name(self) -> Option<&'static str> {
        let patience = self.patience.map(|_| "exit-patience");
        patience.or(self.confidence.map(|_| "exit-confidence"))
    }
}

/// Where rows come from.
#[derive(Args, Debug)]
pub(crate) struct Source {
    /// Texts
    #[arg(value_name = "TEXT")]
    pub(crate) texts: Vec<String>,
    /// File of JSON lines or plain texts, one a line; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "texts")]
    pub(crate) file: Option<PathBuf>,
}

/// What rows that do not say otherwise take from the command line.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RowDefaults {
    /// Second text
    #[arg(long, value_name = "B")]
    pub(crate) text_pair: Option<String>,
    /// Question, for question answering
    #[arg(long, value_name = "Q", conflicts_with = "text_pair")]
    pub(crate) question: Option<String>,
    /// Text that holds the answer, for question answering
    #[arg(long, value_name = "C", conflicts_with_all = ["text_pair", "texts", "file"])]
    pub(crate) context: Option<String>,
    /// A choice, for multiple choice; given again for each
    #[arg(long = "choice", value_name = "T", conflicts_with_all = ["text_pair", "question"])]
    pub(crate) choices: Vec<String>,
    /// A text to rank, for reranking, where TEXT is the query; given again for each
    #[arg(long = "document", value_name = "T", conflicts_with_all = ["text_pair", "question", "choices"])]
    pub(crate) documents: Vec<String>,
}

impl RowDefaults {
    /// The options that are given, each with the tasks that read it.
    pub(crate) fn given(&self) -> Vec<(&'static str, &'static [Task])> {
        let pairs: &[Task] = &[
            Task::TextClassification,
            Task::FillMask,
            Task::SentenceOrder,
            Task::FeatureExtraction,
            Task::SentenceEmbedding,
        ];
        let all: [(bool, &'static str, &'static [Task]); 5] = [
            (self.text_pair.is_some(), "text-pair", pairs),
            (self.question.is_some(), "question", &[Task::QuestionAnswering]),
            (self.context.is_some(), "context", &[Task::QuestionAnswering]),
            (!self.choices.is_empty(), "choice", &[Task::MultipleChoice]),
            (!self.documents.is_empty(), "document", &[Task::Reranking]),
        ];
        all.into_iter().filter(|(given, ..)| *given).map(|(_, name, tasks)| (name, tasks)).collect()
    }
}

/// Options of tasks; the names are those of the Hugging Face pipelines.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of tasks")]
pub(crate) struct TaskOptions {
    /// Results for each text [default: the best one; fill-mask: five; multiple choice, zero-shot, reranking: all]
    #[arg(long, value_name = "K", value_parser = values::at_least_one)]
    top_k: Option<usize>,
    /// Text classification, reranking: softmax, sigmoid or none, whatever the model's problem type is
    #[arg(long, value_name = "NAME", value_parser = values::function)]
    function_to_apply: Option<Function>,
    /// How a text that is too long is cut: longest_first, only_first, only_second or do_not_truncate
    #[arg(long, value_name = "STRATEGY", value_parser = values::truncation)]
    truncation: Option<Truncation>,
    /// Most tokens of a text, special tokens counted, when that is less than the model takes
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    max_length: Option<usize>,
    /// Zero-shot classification: labels to choose from, separated by commas
    #[arg(long, value_name = "LABEL,...", value_delimiter = ',')]
    candidate_labels: Vec<String>,
    /// Zero-shot classification: what is said of a label, which takes the place of {} [default: This example is {}.]
    #[arg(long, value_name = "TEXT")]
    hypothesis_template: Option<String>,
    /// Zero-shot classification: each label by itself
    #[arg(long)]
    multi_label: bool,
    /// Zero-shot classification: the label that says "entailment", when it does not begin with "entail"
    #[arg(long, value_name = "LABEL")]
    entailment_label: Option<String>,
    /// Token classification: none, simple, first, average or max [default: none]
    #[arg(long, value_name = "STRATEGY", value_parser = values::aggregation)]
    aggregation_strategy: Option<Aggregation>,
    /// Token classification: read long texts in windows that share so many tokens, instead of cutting them
    #[arg(long, value_name = "N")]
    stride: Option<usize>,
    /// Fill-mask: tokens to choose from, separated by commas
    #[arg(long, value_name = "TOKEN,...", value_delimiter = ',')]
    targets: Vec<String>,
    /// Question answering: tokens of a window, question and special tokens counted [default: 384]
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    max_seq_len: Option<usize>,
    /// Question answering: tokens that neighbouring windows share [default: 128]
    #[arg(long, value_name = "N")]
    doc_stride: Option<usize>,
    /// Question answering: most tokens of an answer [default: 15]
    #[arg(long, value_name = "N", value_parser = values::at_least_one)]
    max_answer_len: Option<usize>,
    /// Question answering: whether answers extend to whole words [default: true]
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    align_to_words: Option<bool>,
    /// Question answering: let "no answer" compete
    #[arg(long)]
    handle_impossible_answer: bool,
}

impl TaskOptions {
    /// As the library has them.
    pub(crate) fn options(&self) -> Options {
        let list = |values: &[String]| {
            let values: Vec<String> = values.iter().map(|value| value.trim().to_owned()).collect();
            (!values.is_empty()).then_some(values)
        };
        let mut options = Options::default();
        options.top_k = self.top_k;
        options.function_to_apply = self.function_to_apply;
        options.truncation = self.truncation;
        options.max_length = self.max_length;
        options.candidate_labels = list(&self.candidate_labels);
        options.hypothesis_template.clone_from(&self.hypothesis_template);
        options.entailment_label.clone_from(&self.entailment_label);
        options.multi_label = self.multi_label.then_some(true);
        options.aggregation_strategy = self.aggregation_strategy;
        options.stride = self.stride;
        options.targets = list(&self.targets);
        options.max_seq_len = self.max_seq_len;
        options.doc_stride = self.doc_stride;
        options.max_answer_len = self.max_answer_len;
        options.align_to_words = self.align_to_words;
        options.handle_impossible_answer = self.handle_impossible_answer.then_some(true);
        options
    }
}
