//! The command line. Names, options and exit codes are stable: scripts depend on them.

mod check;
mod columns;
mod fit;
mod quantize;
mod run;
mod search;
mod sign;
mod tokenizer;
mod values;

use std::ffi::OsString;

use albert_core::kernels::Kernels;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::error::{Error, Result};

pub(crate) use check::{Bench, Compare, Eval, Inspect, Tokenize, Validate, VerifyCheckpoint};
pub(crate) use columns::Columns;
pub(crate) use fit::Fit;
pub(crate) use quantize::{Quantize, Synth};
pub(crate) use run::{RowDefaults, Run, Source};
pub(crate) use search::{Index, Search};
pub(crate) use sign::{GenerateKey, Sign, Verify};
pub(crate) use tokenizer::TokenizerOptions;

/// Examples of the whole command.
const EXAMPLES: &str = "\
Examples:
  albert quantize albert/albert-base-v2 -o model.albert
  albert run model.albert \"Paris is the [MASK] of France.\"
  albert help run";

/// Quantizes, runs and checks ALBERT models.
#[derive(Debug, Parser)]
#[command(name = "albert", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a model file from a Hugging Face checkpoint
    #[command(after_help = "\
Examples:
  albert quantize albert/albert-base-v2 -o model.albert
  albert quantize checkpoint -o model.albert --budget 60% --report cost.html
  albert quantize checkpoint -o model.albert --vocabulary-from texts.txt --held-out more.txt")]
    Quantize(Box<Quantize>),
    /// Make a text classifier from a few examples, on a frozen encoder
    #[command(after_help = "\
Examples:
  albert fit encoder.albert --data examples.jsonl -o intents.albert --report fit.html
  albert fit encoder.albert --data examples.csv -o intents.head --head-only --out-of-scope-label other")]
    Fit(Box<Fit>),
    /// Run a model on texts, from the command line, a file or standard input
    Run(Box<Run>),
    /// Make an index of texts to search
    #[command(after_help = "Example: albert index encoder.albert --file texts.txt -o texts.index")]
    Index(Index),
    /// Find the texts of an index that are closest to a text
    #[command(after_help = "Example: albert search texts.index --model encoder.albert \"a question\"")]
    Search(Search),
    /// Measure a model's accuracy on labelled data
    #[command(after_help = "\
Examples:
  albert eval intents.albert --data labelled.jsonl --report eval.html
  albert eval intents.albert --data labelled.csv --text-column utterance --label-column intent
  albert eval intents.albert --data labelled.jsonl --sweep-layers")]
    Eval(Eval),
    /// Show how two model files differ: sizes, weights, hidden states, answers
    #[command(after_help = "Example: albert compare old.albert new.albert --data rows.jsonl --report difference.html")]
    Compare(Compare),
    /// Compare a model's outputs with reference outputs
    #[command(
        after_help = "Example: albert validate model.albert --reference reference.safetensors --min-cosine 0.999"
    )]
    Validate(Validate),
    /// Compare a model file with its checkpoint, which runs in transformers
    #[command(after_help = "Example: albert verify-checkpoint albert/albert-base-v2 model.albert --data texts.txt")]
    VerifyCheckpoint(VerifyCheckpoint),
    /// Show what a model file holds
    #[command(after_help = "Example: albert inspect model.albert --max-tokens 128")]
    Inspect(Inspect),
    /// Show how texts become tokens
    #[command(after_help = "Example: albert tokenize model.albert \"a text\" --json")]
    Tokenize(Tokenize),
    /// Measure how long inference takes
    #[command(after_help = "Example: albert bench model.albert --tokens 8,32,128 --threads 1")]
    Bench(Bench),
    /// Make a key pair for signing files
    #[command(after_help = "Example: albert generate-key -o maker.pem")]
    GenerateKey(GenerateKey),
    /// Sign a model, head or index file
    #[command(after_help = "Example: albert sign model.albert --key maker.pem")]
    Sign(Sign),
    /// Verify a file's checksum and, with a key, its signature
    #[command(after_help = "Example: albert verify model.albert --public-key maker.pem.pub")]
    Verify(Verify),
    /// Make a model file with random weights
    #[command(after_help = "Example: albert synth --geometry base -o base.albert")]
    Synth(Synth),
    /// Print shell completions
    #[command(after_help = "Example: albert completions bash > ~/.local/share/bash-completion/completions/albert")]
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
    /// Print a manual page (roff)
    #[command(after_help = "Example: albert manual run | man -l -")]
    Manual {
        /// Command to describe [default: albert itself]
        command: Option<String>,
    },
}

/// Completions of the command line for a shell.
pub(crate) fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "albert", &mut text);
    text
}

/// The manual page of a command, or of `albert` itself.
pub(crate) fn manual(command: Option<&str>) -> Result<Vec<u8>> {
    let mut all = Cli::command();
    all.build();
    let page = match command {
        None => all,
        Some(name) => {
            let found = all.find_subcommand(name).cloned();
            found.ok_or_else(|| Error::new(format_args!("no command {name:?}; albert --help lists them")))?
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(|error| Error::output(&error))?;
    Ok(text)
}

/// The instruction set of every command that runs a model.
#[derive(Args, Debug)]
pub(crate) struct Isa {
    /// Kernel set: auto, scalar, or one for an instruction set of this machine; a wrong name lists them
    #[arg(long = "isa", value_name = "NAME", default_value = "auto", value_parser = values::isa)]
    pub(crate) kernels: Kernels,
}

/// Reads the command line; `None` when help or version was asked for, and printed.
pub(crate) fn parse<A>(arguments: impl IntoIterator<Item = A>) -> Result<Option<Command>>
where
    A: Into<OsString> + Clone,
{
    match Cli::try_parse_from(arguments) {
        Ok(cli) => Ok(Some(cli.command)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                error.print().map_err(|error| Error::output(&error)).map(|()| None)
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Err(Error::new("no command given; albert --help lists them"))
            }
            _ => Err(one_line(&error)),
        },
    }
}

/// The first paragraph of clap's message, on one line.
fn one_line(error: &clap::Error) -> Error {
    let rendered = error.render().to_string();
    let paragraph = rendered.lines().take_while(|line| !line.trim().is_empty());
    let line = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    Error::new(format_args!("{line}; see albert --help"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a line, quoted ones whole.
    fn words(line: &str) -> Vec<String> {
        let quoted = |(index, part): (usize, &str)| match index % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        };
        line.split('"').enumerate().flat_map(quoted).collect()
    }

    #[test]
    fn every_command_has_examples_that_parse() {
        let mut seen = 0;
        let whole = Cli::command();
        for command in whole.get_subcommands().chain([&whole]) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> =
                help.lines().filter_map(|line| line.find("albert ").map(|at| &line[at..])).collect();
            assert!(!examples.is_empty(), "{} has no example", command.get_name());
            for example in examples {
                let example = example.split(['|', '>']).next().unwrap_or("");
                let parsed = Cli::try_parse_from(words(example));
                let helps = |error: &clap::Error| error.kind() == ErrorKind::DisplayHelp;
                assert!(parsed.as_ref().map_or_else(helps, |_| true), "{example}: {}", parsed.unwrap_err());
                seen += 1;
            }
        }
        assert!(seen > 20, "{seen}");
    }

    /// A heading of the help stays with its options: what comes after a group of options does not fall under its heading.
    #[test]
    fn headings_have_their_own_options() {
        let mut seen = 0;
        for command in Cli::command().get_subcommands() {
            for option in command.get_arguments() {
                let (name, heading) = (option.get_id().as_str(), option.get_help_heading().unwrap_or("Options"));
                let of_columns = name.ends_with("_column") || ["label_separator", "labels"].contains(&name);
                if heading == "Columns of rows" {
                    assert!(of_columns, "{}: {name} is no column", command.get_name());
                    seen += 1;
                }
                let of_speed = ["isa", "kernels", "threads", "patience", "confidence", "layers", "sweep_layers"];
                let of_results = ["json", "output", "resume", "report", "predictions", "top_k"];
                let known = match heading {
                    "Speed and early exit" => of_speed.contains(&name),
                    "Results" => of_results.contains(&name),
                    _ => true,
                };
                assert!(known, "{}: {name} is under {heading}", command.get_name());
            }
        }
        assert!(seen > 10, "{seen}");
    }

    /// The lines at the top of `docs/cli.md`: every command and every option, and no others.
    #[test]
    fn the_reference_lists_every_option() {
        let page = include_str!("../../../docs/cli.md");
        let (_, synopsis) = page.split_once("```text\n").unwrap();
        let (synopsis, _) = synopsis.split_once("```").unwrap();
        let (shared, synopsis) = synopsis.split_once("\n\n").unwrap();
        let options = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            let mut names: Vec<String> = words.filter_map(|word| word.strip_prefix("--")).map(str::to_owned).collect();
            names.sort();
            names.dedup();
            names
        };
        // Sets of options by the name that stands for them: `[NAME]: ...`.
        let set = |text: &str| {
            let (name, text) = text.split_once(':').unwrap();
            (format!("[{}", name.trim_start_matches('[')), options(text))
        };
        let shared: Vec<(String, Vec<String>)> = shared.split("\n[").map(set).collect();
        let whole = Cli::command();
        for command in whole.get_subcommands() {
            let name = command.get_name();
            let start = format!("albert {name}");
            let lines = synopsis.lines().skip_while(|line| line.split(' ').take(2).ne(start.split(' '))).enumerate();
            let lines = lines.take_while(|(index, line)| *index == 0 || line.starts_with(' ')).map(|(_, line)| line);
            let text = lines.collect::<Vec<_>>().join("\n");
            assert!(!text.is_empty(), "docs/cli.md does not show albert {name}");
            let mut shown = options(&text);
            shown.extend(shared.iter().filter(|(name, _)| text.contains(name)).flat_map(|(_, set)| set.clone()));
            shown.sort();
            let mut taken: Vec<String> =
                command.get_arguments().filter_map(|option| option.get_long().map(str::to_owned)).collect();
            taken.retain(|option| option != "output");
            taken.sort();
            assert_eq!(shown, taken, "docs/cli.md, albert {name}");
            let output = command.get_arguments().any(|option| option.get_short() == Some('o'));
            assert_eq!(text.contains(" -o ") || text.contains("[-o "), output, "docs/cli.md, albert {name}");
        }
    }

    #[test]
    fn manual_pages_and_completions_know_every_command() {
        for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish] {
            let text = String::from_utf8(completions(shell)).unwrap();
            assert!(Cli::command().get_subcommands().all(|command| text.contains(command.get_name())), "{shell}");
        }
        for command in Cli::command().get_subcommands() {
            let page = String::from_utf8(manual(Some(command.get_name())).unwrap()).unwrap();
            assert!(page.contains(".SH SYNOPSIS") && page.contains("Example"), "{page}");
        }
        assert!(manual(Some("none")).is_err());
    }
}
