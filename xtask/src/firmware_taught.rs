//! `taught` on an emulated board: what it learns over the serial line it knows after a reset, to the bit as this host does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use albert_core::heads::Prototypes;
use albert_core::tokenizer::EncodeOptions;
use albert_core::{Model, Plan, Session};
use serde_json::Value;

use crate::firmware::hold;
use crate::firmware_bounds::{MODEL, STACK_BOUND, bounds};
use crate::toolchain::{root, target_dir};

/// Labels that the program has memory for.
const LABELS: usize = 10;
/// Examples of each label.
const EXAMPLES: usize = 3;
/// Questions about each label, with the data at hand.
const QUESTIONS: usize = 5;

/// Sentences to teach and to ask, each with its label.
#[derive(Default)]
struct Lesson {
    examples: Vec<(usize, String)>,
    questions: Vec<(usize, String)>,
}

/// Three commands.
fn commands() -> Lesson {
    let own = |rows: &[(usize, &str)]| rows.iter().map(|&(label, text)| (label, text.to_owned())).collect();
    Lesson {
        examples: own(&[
            (0, "open the garage door"),
            (1, "water the tomatoes"),
            (2, "feed the cat"),
            (0, "let the car in"),
            (1, "turn on the sprinkler"),
            (2, "the cat is hungry"),
            (0, "garage open please"),
            (1, "give the plants some water"),
            (2, "put food in the bowl"),
        ]),
        questions: own(&[(0, "please open the garage"), (1, "water my plants"), (2, "give the cat some food")]),
    }
}

/// The first labels of CLINC150, when it is beside the repository.
fn data_at_hand() -> Option<Lesson> {
    let shared = std::env::var_os("ALBERT_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let read = |name: &str| -> Option<Vec<(String, String)>> {
        let text = std::fs::read_to_string(shared.join("data/clinc150").join(name)).ok()?;
        let row = |line: &str| {
            let row: Value = serde_json::from_str(line).ok()?;
            Some((row["label"].as_str()?.to_owned(), row["text"].as_str()?.to_owned()))
        };
        text.lines().map(row).collect()
    };
    let (train, test) = (read("train.jsonl")?, read("val.jsonl")?);
    let mut numbers = BTreeMap::new();
    for (label, _) in &train {
        let next = numbers.len();
        if next < LABELS {
            numbers.entry(label.as_str()).or_insert(next);
        }
    }
    let first = |rows: &[(String, String)], most: usize| {
        let mut taken = [0; LABELS];
        let rows = rows.iter().filter_map(|(label, text)| Some((*numbers.get(label.as_str())?, text.clone())));
        rows.filter(|&(label, _)| {
            taken[label] += 1;
            taken[label] <= most
        })
        .collect()
    };
    Some(Lesson { examples: first(&train, EXAMPLES), questions: first(&test, QUESTIONS) })
}

/// Teaches, resets, asks; for three commands, and for ten labels of the data at hand.
pub(crate) fn run(board: &str, target: &str) -> Result<(), String> {
    let image = target_dir().join(target).join("release").join("taught");
    teach(board, &image, &commands())?;
    match data_at_hand() {
        Some(lesson) => {
            let taught = teach(board, &image, &lesson)?;
            hold(target, "taught", taught)
        }
        None => {
            println!("# ../shared/data/clinc150 is not there: ten labels are left out");
            Ok(())
        }
    }
}

/// Returns what the page says about it.
fn teach(board: &str, image: &Path, lesson: &Lesson) -> Result<String, String> {
    let folder = std::env::temp_dir().join(format!("albert-taught-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let learn =
        lesson.examples.iter().fold(String::new(), |lines, (label, text)| lines + &format!("learn {label} {text}\n"));
    let ask = lesson.questions.iter().fold(String::new(), |lines, (_, text)| lines + &format!("ask {text}\n"));
    let runs =
        emulate(board, image, &folder, &learn).and_then(|first| Ok((first, emulate(board, image, &folder, &ask)?)));
    std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (first, second) = runs?;
    let (expected, right) = on_this_host(lesson)?;
    let answers: String = lines(&second).skip(1).fold(String::new(), |all, line| all + line + "\n");
    if !first.starts_with("new\n") || !second.starts_with("restored\n") {
        return Err("the board does not begin with nothing and go on with what it has learned".to_owned());
    }
    if answers != expected {
        return Err(format!("the board answers\n{answers}and this host\n{expected}"));
    }
    println!(
        "# {} examples learned, {} of {} questions answered right after a reset, cosines as on this host to the bit",
        lesson.examples.len(),
        right,
        lesson.questions.len()
    );
    let (width, questions) = (MODEL.config.hidden_size as usize, lesson.questions.len());
    let mut table = format!("| {LABELS} labels, {width} elements, {} examples | |\n|---|--:|\n", lesson.examples.len());
    table += &format!("| questions answered right, of {questions} | {right} |\n");
    table += &format!("| memory of the prototypes, bytes | {} |\n", Prototypes::bytes(LABELS, width));
    for (name, what, printed) in
        [("addition", "adding an example", &first), ("look-up", "finding the nearest label", &second)]
    {
        let prefix = format!("# {name}: ");
        let counts =
            printed.lines().filter_map(|line| line.strip_prefix(&prefix)?.split(' ').next()?.parse::<u64>().ok());
        let most = counts.max().ok_or("nothing is counted")?;
        println!("# {name}: at most {most} instructions");
        table += &format!("| {what}, instructions at most | {most} |\n");
    }
    second
        .lines()
        .filter(|line| ["# prototypes", "# statics", "# stack"].iter().any(|name| line.starts_with(name)))
        .for_each(|line| println!("{line}"));
    bounds(&second, Prototypes::bytes(LABELS, width) as u64, STACK_BOUND)?;
    Ok(table)
}

/// Lines that are no measurements.
fn lines(printed: &str) -> impl Iterator<Item = &str> {
    printed.lines().filter(|line| !line.starts_with('#'))
}

/// The answers, and how many are right.
fn on_this_host(lesson: &Lesson) -> Result<(String, usize), String> {
    let model = Model::from_bytes(MODEL.bytes).map_err(|error| error.to_string())?;
    let (plan, width) = (Plan::new(model.config(), 32), model.config().hidden_size as usize);
    let mut arena = vec![0; plan.arena_bytes() + 64];
    let mut session = Session::new(&model, plan, &mut arena).map_err(|error| error.to_string())?;
    let mut embed = |text: &str| -> Result<Vec<f32>, String> {
        let output = session.run_text(text, None, &EncodeOptions::default()).map_err(|error| error.to_string())?;
        Ok(output.pooled().ok_or("no pooled vector")?.to_vec())
    };
    let mut memory = vec![0; Prototypes::bytes(LABELS, width)];
    let mut taught = Prototypes::new(&mut memory, LABELS, width).map_err(|error| error.to_string())?;
    for (label, text) in &lesson.examples {
        taught.add(*label, &embed(text)?).map_err(|error| error.to_string())?;
    }
    let (mut answers, mut right) = (String::new(), 0);
    for (label, text) in &lesson.questions {
        let nearest = taught.nearest(&embed(text)?).map_err(|error| error.to_string())?.ok_or("nothing is known")?;
        right += usize::from(nearest.label == *label);
        let _ = writeln!(answers, "{text}: {} {:08x}", nearest.label, nearest.cosine.to_bits());
    }
    Ok((answers, right))
}

/// Runs the image until it is told to end. The serial line is QEMU's standard input, `folder` the place of its flash.
fn emulate(board: &str, image: &Path, folder: &Path, commands: &str) -> Result<String, String> {
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-M", board, "-nographic", "-monitor", "none", "-serial", "stdio", "-icount", "shift=0"]);
    qemu.args(["-chardev", "file,id=out,path=printed"]);
    qemu.args(["-semihosting-config", "enable=on,target=native,chardev=out"]).arg("-kernel").arg(image);
    let failed = |error: std::io::Error| format!("qemu-system-arm: {error}");
    let mut process = qemu.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().map_err(failed)?;
    if let Some(mut line) = process.stdin.take() {
        line.write_all(format!("{commands}off\n").as_bytes()).map_err(failed)?;
    }
    let status = process.wait().map_err(failed)?;
    let printed = std::fs::read_to_string(folder.join("printed")).map_err(failed)?;
    if status.success() { Ok(printed) } else { Err(format!("{} failed: {status}\n{printed}", image.display())) }
}
