//! The task of a run: what was asked for, or the one that the options are about.

use albert_edge::{Error as EdgeError, Model, Options, Task};

use crate::args::Run;
use crate::error::{Error, Result};
use crate::explain::explain;

/// The task. An option that it would ignore is refused.
pub(super) fn task(args: &Run, model: &Model, options: &Options) -> Result<Task> {
    let given = given(args, options);
    let reads_all = |task: Task| given.iter().all(|option| option.is_of(task));
    let check = |task: Task| match task.check(model) {
        Err(EdgeError::NoEntailmentLabel) if options.entailment_label.is_some() => Ok(()),
        checked => checked,
    };
    let own = Task::of_head(model.config().head);
    if let Some(task) = args.task {
        check(task).map_err(|error| explain(&error, Some(task)))?;
        return match given.iter().find(|option| !option.is_of(task)) {
            Some(option) => Err(Error::new(format_args!("--{} is not for {task}; {}", option.name, option.tasks()))),
            None => Ok(task),
        };
    }
    if reads_all(own) {
        return Ok(own);
    }
    let fitting: Vec<Task> = Task::ALL.iter().copied().filter(|&task| reads_all(task) && check(task).is_ok()).collect();
    if let [task] = fitting[..] {
        return Ok(task);
    }
    let Some(option) = given.iter().find(|option| !option.is_of(own)) else { return Ok(own) };
    // The only task that has the option may need another model.
    let mut wanted = Task::ALL.iter().copied().filter(|&task| reads_all(task));
    if let (Some(task), None) = (wanted.next(), wanted.next()) {
        check(task).map_err(|error| Error::new(format_args!("--{}: {error}", option.name)))?;
    }
    let fitting: Vec<String> = fitting.iter().map(|task| format!("--task {task}")).collect();
    Err(Error::new(match fitting.is_empty() {
        true => format!("--{} is not for {own}, this model's task; {}", option.name, option.tasks()),
        false => format!("--{} is not for {own}, this model's task; give {}", option.name, fitting.join(" or ")),
    }))
}

/// An option that was given.
struct Given {
    name: String,
    tasks: Vec<Task>,
}

impl Given {
    fn is_of(&self, task: Task) -> bool {
        self.tasks.contains(&task)
    }

    /// What it is for.
    fn tasks(&self) -> String {
        let names: Vec<&str> = self.tasks.iter().map(|task| task.name()).collect();
        format!("it is for {}", names.join(", "))
    }
}

/// The options that only some tasks read.
fn given(args: &Run, options: &Options) -> Vec<Given> {
    let with = |name: &str| Task::ALL.iter().copied().filter(|task| task.has_option(name)).collect();
    let of_tasks = options.given().map(|name| Given { name: name.replace('_', "-"), tasks: with(name) });
    let of_rows =
        args.rows.given().into_iter().map(|(name, tasks)| Given { name: name.to_owned(), tasks: tasks.to_vec() });
    let of_exit = args.exit.name().map(|name| Given { name: name.to_owned(), tasks: vec![Task::TextClassification] });
    of_rows.chain(of_tasks).chain(of_exit).collect()
}
