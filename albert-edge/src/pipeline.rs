//! A task that is chosen when the program runs.

use alloc::string::String;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::ops::ControlFlow;

use crate::engine::{Engine, Event};
use crate::error::{Error, Field, Result};
use crate::model::Model;
use crate::options::Options;
use crate::request::{Request, Response};
use crate::task::Task;
use crate::tasks::{
    FeatureExtraction, FillMask, MultipleChoice, QuestionAnswering, Reranking, SentenceEmbedding, SentenceOrder,
    Target, TextClassification, TokenClassification, ZeroShotClassification,
};
use crate::tasks::{Single, run_batch, run_batch_together, run_each};

/// Any task over one model.
///
/// ```no_run
/// use albert_edge::{Model, Pipeline, Request, Response, Task};
///
/// let model = Model::open("model.albert")?;
/// let pipeline = Pipeline::new(&model, "text-classification".parse()?)?;
/// if let Response::Labels(labels) = pipeline.run(&Request::text("what is the weather like"))? {
///     println!("{}", labels[0].label);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pipeline {
    kind: Kind,
    /// Labels of requests that have none.
    candidate_labels: Vec<String>,
}

#[derive(Clone, Debug)]
enum Kind {
    TextClassification(TextClassification),
    ZeroShotClassification(ZeroShotClassification),
    TokenClassification(TokenClassification),
    QuestionAnswering(QuestionAnswering),
    FillMask(FillMask),
    MultipleChoice(MultipleChoice),
    SentenceOrder(SentenceOrder),
    FeatureExtraction(FeatureExtraction),
    SentenceEmbedding(SentenceEmbedding),
    Reranking(Reranking),
}

/// Calls the builder's methods for the options that are given.
macro_rules! set {
    ($task:expr, $options:expr, $($name:ident),+) => {{
        let mut task = $task;
        $(if let Some(value) = $options.$name.clone() { task = task.$name(value); })+
        task
    }};
}

/// Changes the task, whichever it is.
macro_rules! each {
    ($kind:expr, $task:ident => $changed:expr) => {
        match $kind {
            Kind::TextClassification($task) => Kind::TextClassification($changed),
            Kind::ZeroShotClassification($task) => Kind::ZeroShotClassification($changed),
            Kind::TokenClassification($task) => Kind::TokenClassification($changed),
            Kind::QuestionAnswering($task) => Kind::QuestionAnswering($changed),
            Kind::FillMask($task) => Kind::FillMask($changed),
            Kind::MultipleChoice($task) => Kind::MultipleChoice($changed),
            Kind::SentenceOrder($task) => Kind::SentenceOrder($changed),
            Kind::FeatureExtraction($task) => Kind::FeatureExtraction($changed),
            Kind::SentenceEmbedding($task) => Kind::SentenceEmbedding($changed),
            Kind::Reranking($task) => Kind::Reranking($changed),
        }
    };
}

impl Pipeline {
    /// The task with all cores and the pipeline's defaults.
    ///
    /// # Errors
    /// As [`Task::check`]: the model does not serve the task.
    pub fn new(model: &Model, task: Task) -> Result<Self> {
        Self::with_options(Engine::new(model), task, &Options::default())
    }

    /// The task with an engine of the caller's, and options.
    ///
    /// # Errors
    /// As [`Task::check`]; [`Error::Option`] for an option that the task does not have; [`Error::Template`],
    /// [`Error::NoTarget`].
    pub fn with_options(engine: Engine, task: Task, options: &Options) -> Result<Self> {
        options.check(task)?;
        let kind = match task {
            Task::TextClassification => Kind::TextClassification(set!(
                TextClassification::with_engine(engine)?,
                options,
                top_k,
                function_to_apply,
                truncation,
                max_length
            )),
            Task::ZeroShotClassification => {
                let task = match &options.entailment_label {
                    Some(label) => ZeroShotClassification::with_entailment_label(engine, label)?,
                    None => ZeroShotClassification::with_engine(engine)?,
                };
                let task = set!(task, options, top_k, multi_label);
                Kind::ZeroShotClassification(match &options.hypothesis_template {
                    Some(template) => task.hypothesis_template(template)?,
                    None => task,
                })
            }
            Task::TokenClassification => Kind::TokenClassification(set!(
                TokenClassification::with_engine(engine)?,
                options,
                aggregation_strategy,
                stride,
                truncation,
                max_length
            )),
            Task::QuestionAnswering => Kind::QuestionAnswering(set!(
                QuestionAnswering::with_engine(engine)?,
                options,
                top_k,
                max_seq_len,
                doc_stride,
                max_answer_len,
                align_to_words,
                handle_impossible_answer
            )),
            Task::FillMask => {
                let task = set!(FillMask::with_engine(engine)?, options, top_k, truncation, max_length);
                Kind::FillMask(task.targets(options.targets.iter().flatten())?)
            }
            Task::MultipleChoice => {
                Kind::MultipleChoice(set!(MultipleChoice::with_engine(engine)?, options, top_k, truncation, max_length))
            }
            Task::SentenceOrder => {
                Kind::SentenceOrder(set!(SentenceOrder::with_engine(engine)?, options, truncation, max_length))
            }
            Task::FeatureExtraction => {
                Kind::FeatureExtraction(set!(FeatureExtraction::with_engine(engine)?, options, truncation, max_length))
            }
            Task::SentenceEmbedding => Kind::SentenceEmbedding(set!(
                SentenceEmbedding::with_engine(engine)?,
                options,
                normalize,
                truncation,
                max_length
            )),
            Task::Reranking => Kind::Reranking(set!(
                Reranking::with_engine(engine)?,
                options,
                top_k,
                function_to_apply,
                truncation,
                max_length
            )),
        };
        Ok(Self { kind, candidate_labels: options.candidate_labels.clone().unwrap_or_default() })
    }

    /// The task.
    pub fn task(&self) -> Task {
        match self.kind {
            Kind::TextClassification(_) => Task::TextClassification,
            Kind::ZeroShotClassification(_) => Task::ZeroShotClassification,
            Kind::TokenClassification(_) => Task::TokenClassification,
            Kind::QuestionAnswering(_) => Task::QuestionAnswering,
            Kind::FillMask(_) => Task::FillMask,
            Kind::MultipleChoice(_) => Task::MultipleChoice,
            Kind::SentenceOrder(_) => Task::SentenceOrder,
            Kind::FeatureExtraction(_) => Task::FeatureExtraction,
            Kind::SentenceEmbedding(_) => Task::SentenceEmbedding,
            Kind::Reranking(_) => Task::Reranking,
        }
    }

    /// The engine that runs the model.
    pub fn engine(&self) -> &Engine {
        match &self.kind {
            Kind::TextClassification(task) => task.engine(),
            Kind::ZeroShotClassification(task) => task.engine(),
            Kind::TokenClassification(task) => task.engine(),
            Kind::QuestionAnswering(task) => task.engine(),
            Kind::FillMask(task) => task.engine(),
            Kind::MultipleChoice(task) => task.engine(),
            Kind::SentenceOrder(task) => task.engine(),
            Kind::FeatureExtraction(task) => task.engine(),
            Kind::SentenceEmbedding(task) => task.engine(),
            Kind::Reranking(task) => task.engine(),
        }
    }

    /// Most threads that a call uses; see [`Engine::threads`].
    pub fn threads(self, threads: usize) -> Self {
        let kind = each!(self.kind, task => task.threads(threads));
        Self { kind, ..self }
    }

    /// A callback that follows calls and can cancel them; see [`Engine::watch`].
    pub fn watch(self, watch: impl Fn(Event) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        let kind = each!(self.kind, task => task.watch(watch));
        Self { kind, ..self }
    }

    /// The tokens that a request's targets stand for; empty for other tasks than fill-mask.
    ///
    /// # Errors
    /// Those of [`Engine::encode`].
    pub fn find_targets(&self, targets: &[String]) -> Result<Vec<Target>> {
        match &self.kind {
            Kind::FillMask(task) => task.find_targets(targets),
            _ => Ok(Vec::new()),
        }
    }

    /// Runs a request.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Unexpected`] for a request with the wrong fields; those of the task.
    pub fn run(&self, request: &Request) -> Result<Response> {
        match &self.kind {
            Kind::TextClassification(task) => task.run(request.as_text()?).map(Response::Labels),
            Kind::ZeroShotClassification(task) => {
                let own = &request.candidate_labels;
                let labels = if own.is_empty() { &self.candidate_labels } else { own };
                task.run(self.single_text(request)?, labels).map(Response::Ranking)
            }
            Kind::TokenClassification(task) => task.run(self.single_text(request)?).map(Response::Entities),
            Kind::QuestionAnswering(task) => {
                let question = request.question.as_deref().ok_or(Error::Missing(Field::Question))?;
                let context = request.context.as_deref().or(request.text.as_deref());
                task.run(question, context.ok_or(Error::Missing(Field::Context))?).map(Response::Answers)
            }
            Kind::FillMask(task) if !request.targets.is_empty() => {
                task.clone().targets(&request.targets)?.run(request.as_text()?).map(Response::Fillings)
            }
            Kind::FillMask(task) => task.run(request.as_text()?).map(Response::Fillings),
            Kind::MultipleChoice(task) => task.run(self.single_text(request)?, &request.choices).map(Response::Choices),
            Kind::SentenceOrder(task) => task.run(request.as_text()?).map(Response::Order),
            Kind::FeatureExtraction(task) => task.run(request.as_text()?).map(Response::HiddenStates),
            Kind::SentenceEmbedding(task) => task.run(request.as_text()?).map(Response::Embedding),
            Kind::Reranking(task) => task.run(self.single_text(request)?, &request.documents).map(Response::Ranked),
        }
    }

    /// Runs all requests on all threads; results are in the order of the requests.
    ///
    /// # Errors
    /// That of the first request that fails, as [`Error::Row`].
    pub fn run_batch<I>(&self, requests: I) -> Result<Vec<Response>>
    where
        I: IntoIterator<IntoIter: Send, Item: Borrow<Request> + Send>,
    {
        let requests = requests.into_iter();
        match &self.kind {
            Kind::TextClassification(task) => self.run_singles(task, requests, Response::Labels),
            Kind::SentenceOrder(task) => self.run_singles(task, requests, Response::Order),
            Kind::FeatureExtraction(task) => self.run_singles(task, requests, Response::HiddenStates),
            Kind::SentenceEmbedding(task) => self.run_singles(task, requests, Response::Embedding),
            _ => run_batch(self.engine(), requests, |engine, request| {
                self.clone().threads(engine.max_threads()).run(request.borrow())
            }),
        }
    }

    fn run_singles<S: Single>(
        &self,
        task: &S,
        requests: impl Iterator<Item: Borrow<Request> + Send> + Send,
        respond: fn(S::Output) -> Response,
    ) -> Result<Vec<Response>> {
        let results =
            run_batch_together(task, self.engine(), requests, |request| task.encode(request.borrow().as_text()?))?;
        Ok(results.into_iter().map(respond).collect())
    }

    /// Runs requests on all threads as they come, and passes each result to `take` in order, until it breaks. Memory is bounded: at
    /// most 16 requests for each thread are in progress.
    ///
    /// # Errors
    /// [`Error::Cancelled`], when `take` or the watch ended the call.
    pub fn run_each<I>(&self, requests: I, take: impl FnMut(Result<Response>) -> ControlFlow<()> + Send) -> Result<()>
    where
        I: IntoIterator<IntoIter: Send, Item: Borrow<Request>>,
    {
        run_each(self.engine(), requests.into_iter(), take, |engine, request| {
            self.clone().threads(engine.max_threads()).run(request.borrow())
        })
    }

    /// The text of a task that takes no second one.
    fn single_text<'r>(&self, request: &'r Request) -> Result<&'r str> {
        match request.text_pair {
            Some(_) => Err(Error::Unexpected { field: Field::TextPair, task: self.task() }),
            None => request.need_text(),
        }
    }
}
