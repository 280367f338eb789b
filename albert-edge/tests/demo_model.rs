//! The demo model of the repository through the public interface: from files and bytes, on many threads, followed and cancelled.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use albert_edge::{
    Engine, Error, Event, FeatureExtraction, Label, Model, Pipeline, Request, Response, SentenceEmbedding, Task,
    TextClassification, Truncation,
};

const TEXTS: [&str; 6] = [
    "what is the weather like in tokyo",
    "book a table for two at seven",
    "play some jazz",
    "how do i say good morning in italian",
    "i lost my credit card",
    "set an alarm for six tomorrow morning please and remind me of the meeting with the team at nine",
];

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models/clinc-intents-int8.albert")
}

fn model() -> Model {
    Model::open(path()).expect("the demo model")
}

fn bits(labels: &[Label]) -> Vec<(String, u32)> {
    labels.iter().map(|label| (label.label.clone(), label.score.to_bits())).collect()
}

#[test]
fn everything_can_go_to_other_threads() {
    fn both<T: Send + Sync + Clone>() {}
    both::<Model>();
    both::<Engine>();
    both::<TextClassification>();
    both::<Pipeline>();
    fn error<T: Send + Sync + std::error::Error>() {}
    error::<Error>();
}

#[test]
fn the_same_answer_from_files_and_bytes() {
    let bytes = fs::read(path()).unwrap();
    let leaked: &'static [u8] = Box::leak(bytes.clone().into_boxed_slice());
    let models = [
        model(),
        Model::from_bytes(&bytes[..]).unwrap(),
        Model::from_static(leaked).unwrap(),
        Model::from_owner(Arc::<[u8]>::from(&bytes[..])).unwrap(),
        Model::from_vec(bytes).unwrap(),
    ];
    let answers = models.map(|model| {
        model.verify_checksum().unwrap();
        let task = TextClassification::new(&model).unwrap().top_k(3);
        drop(model);
        bits(&task.run(TEXTS[0]).unwrap())
    });
    assert_eq!(answers[0][0].0, "weather");
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn batches_and_threads_change_nothing() {
    let task = TextClassification::new(&model()).unwrap().top_k(2);
    let one_by_one: Vec<_> = TEXTS.iter().map(|text| bits(&task.run(text).unwrap())).collect();
    let many: Vec<String> = TEXTS.iter().cycle().take(200).map(|text| (*text).to_owned()).collect();
    for threads in [1, 2, 5] {
        let results = task.clone().threads(threads).run_batch(&many).unwrap();
        assert_eq!(results.len(), 200);
        assert!(results.iter().zip(one_by_one.iter().cycle()).all(|(found, expected)| bits(found) == *expected));
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (text, expected) in TEXTS.iter().zip(&one_by_one) {
                    assert_eq!(bits(&task.run(text).unwrap()), *expected);
                }
            });
        }
    });
}

#[test]
fn a_pipeline_says_the_same() {
    let model = model();
    let expected = TextClassification::new(&model).unwrap().run(TEXTS[1]).unwrap();
    let pipeline = Pipeline::new(&model, "text-classification".parse().unwrap()).unwrap();
    assert_eq!(pipeline.run(&Request::text(TEXTS[1])).unwrap(), Response::Labels(expected.clone()));
    let requests = [Request::text(TEXTS[1]), Request::text(TEXTS[1])];
    assert_eq!(pipeline.run_batch(&requests).unwrap(), vec![Response::Labels(expected); 2]);
    assert!(matches!(pipeline.run(&Request::default()), Err(Error::Missing(_))));
    assert_eq!(model.tasks(), [Task::TextClassification, Task::FeatureExtraction, Task::SentenceEmbedding]);
}

#[test]
fn calls_are_followed_and_cancelled() {
    let (steps, rows) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&steps), Arc::clone(&rows));
    let task = TextClassification::new(&model()).unwrap().watch(move |event| {
        match event {
            Event::Step => counts.0.fetch_add(1, Ordering::Relaxed),
            Event::Rows(done) => counts.1.fetch_max(done, Ordering::Relaxed),
            _ => 0,
        };
        ControlFlow::Continue(())
    });
    task.run_batch(TEXTS).unwrap();
    assert!(steps.load(Ordering::Relaxed) > TEXTS.len() && rows.load(Ordering::Relaxed) == TEXTS.len());

    let cancelled = task.clone().watch(|_| ControlFlow::Break(()));
    assert!(matches!(cancelled.run(TEXTS[0]), Err(Error::Cancelled)));
    assert!(matches!(cancelled.run_batch(TEXTS), Err(Error::Cancelled)));
    assert_eq!(task.run(TEXTS[0]).unwrap()[0].label, "weather", "and the next call works");
    let mut seen = 0;
    let stopped = task.run_each(TEXTS, |result| {
        assert!(result.is_ok());
        seen += 1;
        if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(stopped, Err(Error::Cancelled)) && seen == 3);
}

#[test]
fn what_cannot_be_run_is_said() {
    let model = model();
    let task = TextClassification::new(&model).unwrap();
    assert!(matches!(task.run(" \t"), Err(Error::EmptyText)));
    let long = "weather ".repeat(600);
    let error = task.run(&long).unwrap_err();
    assert!(matches!(error, Error::TooLong { tokens: 602, .. }), "{error}");
    assert_eq!(task.clone().truncation(Truncation::LongestFirst).run(&long).unwrap().len(), 1);
    assert!(matches!(task.clone().max_length(4).run(TEXTS[0]), Err(Error::TooLong { limit: 4, .. })));
    let row = task.run_batch([TEXTS[0], ""]).unwrap_err();
    assert!(matches!(row, Error::Row { index: 1, .. }), "{row}");
    assert!(matches!(task.run(&[1_000_000_u32][..]), Err(Error::Input { .. })));
    assert!(matches!(albert_edge::FillMask::new(&model), Err(Error::Head { .. })));
    assert!(matches!(albert_edge::ZeroShotClassification::new(&model), Err(Error::NoEntailmentLabel)));
    assert!(matches!(albert_edge::Reranking::new(&model), Err(Error::NotARanker { .. })));
    assert!(matches!(Model::open("/nonexistent"), Err(Error::Open { .. })));
    assert!(matches!(Model::open(env!("CARGO_MANIFEST_DIR")), Err(Error::NotAFile { directory: true, .. })));
    assert!(matches!(Model::from_bytes(&[]), Err(Error::Format(_))));
}

#[test]
fn memory_has_a_limit() {
    let engine = Engine::new(&model()).memory_limit(1 << 16);
    let task = TextClassification::with_engine(engine).unwrap();
    assert!(matches!(task.run(TEXTS[0]), Err(Error::MemoryLimit { limit: 65_536, .. })));
}

/// Texts of a batch run together as far as they fit; a wrong one among them fails alone.
#[test]
fn texts_of_a_batch_have_the_results_of_texts_alone() {
    let model = model();
    let texts: Vec<String> = (0..70).map(|index| TEXTS[index % TEXTS.len()].repeat(1 + index % 4)).collect();
    let alone = TextClassification::new(&model).unwrap().top_k(3).truncation(Truncation::OnlyFirst);
    let expected: Vec<_> = texts.iter().map(|text| alone.run(text).unwrap()).collect();
    for (threads, tokens) in [(1, 1), (1, 40), (1, 128), (2, 128), (3, 1000)] {
        let engine = Engine::new(&model).threads(threads).group_tokens(tokens);
        let rows = Arc::new(AtomicUsize::new(0));
        let seen = rows.clone();
        let task = TextClassification::with_engine(engine).unwrap().top_k(3).truncation(Truncation::OnlyFirst);
        let task = task.watch(move |event| {
            if let Event::Rows(done) = event {
                assert_eq!(seen.fetch_add(1, Ordering::Relaxed) + 1, done);
            }
            ControlFlow::Continue(())
        });
        assert_eq!(task.run_batch(&texts).unwrap(), expected, "{threads} threads, {tokens} tokens");
        assert_eq!(rows.swap(0, Ordering::Relaxed), texts.len());
        let unknown_number = texts.iter().filter(|text| !text.is_empty());
        assert_eq!(task.run_batch(unknown_number).unwrap(), expected);
        rows.store(0, Ordering::Relaxed);
        let mut wrong = texts.clone();
        wrong[37].clear();
        let error = task.run_batch(&wrong).unwrap_err();
        assert!(matches!(error, Error::Row { index: 37, .. }), "{error}");
    }
}

/// So do vectors: they are the bits of one text alone.
#[test]
fn vectors_of_a_batch_are_those_of_texts_alone() {
    let model = model();
    let texts: Vec<String> = (0..30).map(|index| TEXTS[index % TEXTS.len()].repeat(1 + index % 3)).collect();
    let embed = SentenceEmbedding::new(&model).unwrap();
    let states = FeatureExtraction::new(&model).unwrap().truncation(Truncation::OnlyFirst);
    let embeddings: Vec<_> = texts.iter().map(|text| embed.run(text).unwrap()).collect();
    let hidden: Vec<_> = texts.iter().map(|text| states.run(text).unwrap()).collect();
    for tokens in [1, 40, 128] {
        let engine = Engine::new(&model).threads(2).group_tokens(tokens);
        let embed = SentenceEmbedding::with_engine(engine.clone()).unwrap();
        assert_eq!(embed.run_batch(&texts).unwrap(), embeddings, "{tokens} tokens");
        let states = FeatureExtraction::with_engine(engine).unwrap().truncation(Truncation::OnlyFirst);
        assert_eq!(states.run_batch(&texts).unwrap(), hidden, "{tokens} tokens");
    }
}
