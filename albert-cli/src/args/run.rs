//! `albert run`, and what it shares with other commands that read rows.

use std::path::PathBuf;

use albert_edge::{Aggregation, ExitPolicy, Function, Options, Task, Truncation};
use clap::{ArgAction, Args};

use super::columns::TextColumns;
use super::{Isa, values};

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Run {
    /// Model file
    pub(crate) model: PathBuf,
    /// Head file in place of the model's own head
    #[arg(long, value_name = "HEAD")]
    pub(crate) head: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Task [default: the one that the model's head is made for]
    #[arg(long, value_name = "NAME", value_parser = |name: &str| name.parse::<Task>())]
    pub(crate) task: Option<Task>,
    /// Verify the model file's checksum first; small files are verified in any case
    #[arg(long)]
    pub(crate) verify: bool,
    /// Print JSON lines
    #[arg(long, help_heading = RESULTS)]
    pub(crate) json: bool,
    /// Write JSON lines to a new file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = RESULTS)]
    pub(crate) output: Option<PathBuf>,
    /// Go on with an output file after its last whole row; with the same model, rows and options
    #[arg(long, requires = "output", help_heading = RESULTS)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) rows: RowDefaults,
    #[command(flatten)]
    pub(crate) options: TaskOptions,
    #[command(flatten)]
    pub(crate) columns: TextColumns,
    /// Threads: texts, or the layers of a few texts, are divided between them [default: all]
    #[arg(long, value_name = "N", value_parser = values::at_least_one, help_heading = SPEED)]
    pub(crate) threads: Option<usize>,
    /// Run only the first N layers
    #[arg(long, value_name = "N", help_heading = SPEED)]
    pub(crate) layers: Option<u32>,
    #[command(flatten, next_help_heading = SPEED)]
    pub(crate) exit: Exit,
    #[command(flatten, next_help_heading = SPEED)]
    pub(crate) isa: Isa,
}

/// When an inference may end before the last layer.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Exit {
    /// Stop when K layers in a row have agreed with the layer before them; 0 stops after the first layer
    #[arg(long = "exit-patience", value_name = "K")]
    patience: Option<u32>,
    /// Stop after the first layer whose best label has a probability of P or more
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
    /// File of JSON lines or plain texts, one a line, or .csv or .tsv with a header; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "texts")]
    pub(crate) file: Option<PathBuf>,
}

/// What rows that do not say otherwise take from the command line.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RowDefaults {
    /// Second text
    #[arg(long, value_name = "B")]
    pub(crate) text_pair: Option<String>,
    /// Question
    #[arg(long, value_name = "Q", conflicts_with = "text_pair", help_heading = ANSWERS)]
    pub(crate) question: Option<String>,
    /// Text that holds the answer
    #[arg(long, value_name = "C", conflicts_with_all = ["text_pair", "texts", "file"], help_heading = ANSWERS)]
    pub(crate) context: Option<String>,
    /// A choice; may be given again
    #[arg(long = "choice", value_name = "T", conflicts_with_all = ["text_pair", "question"], help_heading = CHOICES)]
    pub(crate) choices: Vec<String>,
    /// A text to rank against TEXT, the query; may be given again
    #[arg(long = "document", value_name = "T", conflicts_with_all = ["text_pair", "question", "choices"], help_heading = RERANKING)]
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

/// Headings of the help that several commands have.
pub(super) const RESULTS: &str = "Results";
pub(super) const LONG_TEXTS: &str = "Long texts";
pub(super) const SPEED: &str = "Speed and early exit";
/// Headings of the help, one a task.
const CLASSIFICATION: &str = "Text classification, reranking";
const ZERO_SHOT: &str = "Zero-shot classification";
const ENTITIES: &str = "Token classification";
const FILL_MASK: &str = "Fill-mask";
const ANSWERS: &str = "Question answering";
const CHOICES: &str = "Multiple choice";
const RERANKING: &str = "Reranking";
const EMBEDDING: &str = "Sentence embedding";

/// One command a task, for the help.
const EXAMPLES: &str = "\
Examples:
  albert run intents.albert \"what is the weather like\" --top-k 3
  albert run entailment.albert \"the river is high\" --candidate-labels weather,sports
  albert run entities.albert \"play blues by muddy waters\" --aggregation-strategy simple
  albert run lm.albert \"The capital of France is [MASK].\" --top-k 1
  albert run qa.albert --question \"Who called?\" --context \"Ada called at nine.\"
  albert run choices.albert \"It rains.\" --choice \"I take an umbrella.\" --choice \"I swim.\"
  albert run ranker.albert \"how tall is the tower\" --document \"It is 300 m tall.\" --document \"It is old.\"
  albert run encoder.albert --task sentence-embedding --file texts.txt --json";

/// Options of tasks; the names are those of the Hugging Face pipelines.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = RESULTS)]
pub(crate) struct TaskOptions {
    /// Results for each text [default: the best one; fill-mask: five; multiple choice, zero-shot, reranking: all]
    #[arg(long, value_name = "K", value_parser = values::at_least_one)]
    top_k: Option<usize>,
    /// How to cut a text that is too long: longest_first, only_first, only_second or do_not_truncate
    #[arg(long, value_name = "STRATEGY", value_parser = values::truncation, help_heading = LONG_TEXTS)]
    truncation: Option<Truncation>,
    /// Most tokens of a text, special tokens included [default: as many as the model takes]
    #[arg(long, value_name = "N", value_parser = values::at_least_one, help_heading = LONG_TEXTS)]
    max_length: Option<usize>,
    /// Turn logits into scores by softmax, sigmoid or none [default: as the model's problem type says]
    #[arg(long, value_name = "NAME", value_parser = values::function, help_heading = CLASSIFICATION)]
    function_to_apply: Option<Function>,
    /// Labels to choose from, separated by commas
    #[arg(long, value_name = "LABEL,...", value_delimiter = ',', help_heading = ZERO_SHOT)]
    candidate_labels: Vec<String>,
    /// Sentence that each label is put into, in place of {} [default: This example is {}.]
    #[arg(long, value_name = "TEXT", help_heading = ZERO_SHOT)]
    hypothesis_template: Option<String>,
    /// Score each label by itself, so that several may apply
    #[arg(long, help_heading = ZERO_SHOT)]
    multi_label: bool,
    /// The model's label for entailment [default: the one that begins with "entail"]
    #[arg(long, value_name = "LABEL", help_heading = ZERO_SHOT)]
    entailment_label: Option<String>,
    /// Join tokens to entities: none, simple, first, average or max [default: none]
    #[arg(long, value_name = "STRATEGY", value_parser = values::aggregation, help_heading = ENTITIES)]
    aggregation_strategy: Option<Aggregation>,
    /// Read long texts in windows that overlap by N tokens, instead of cutting them
    #[arg(long, value_name = "N", help_heading = ENTITIES)]
    stride: Option<usize>,
    /// Tokens to choose from, separated by commas [default: the whole vocabulary]
    #[arg(long, value_name = "TOKEN,...", value_delimiter = ',', help_heading = FILL_MASK)]
    targets: Vec<String>,
    /// Most tokens of a window, question and special tokens included [default: 384]
    #[arg(long, value_name = "N", value_parser = values::at_least_one, help_heading = ANSWERS)]
    max_seq_len: Option<usize>,
    /// Tokens that neighbouring windows share [default: 128]
    #[arg(long, value_name = "N", help_heading = ANSWERS)]
    doc_stride: Option<usize>,
    /// Most tokens of an answer [default: 15]
    #[arg(long, value_name = "N", value_parser = values::at_least_one, help_heading = ANSWERS)]
    max_answer_len: Option<usize>,
    /// Whether answers extend to whole words [default: true]
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, help_heading = ANSWERS)]
    align_to_words: Option<bool>,
    /// Also consider that the text has no answer
    #[arg(long, help_heading = ANSWERS)]
    handle_impossible_answer: bool,
    /// Whether embeddings are scaled to length 1 [default: as the model file says]
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, help_heading = EMBEDDING)]
    normalize: Option<bool>,
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
        options.normalize = self.normalize;
        options
    }
}
