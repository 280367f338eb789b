//! Names of repositories.

use std::fmt;
use std::str::FromStr;

use super::HubError;

/// Longest name of a repository, and of a revision.
const LONGEST: usize = 96;
const LONGEST_REVISION: usize = 255;
/// The branch that counts when no revision is given.
const MAIN: &str = "main";

/// A model repository and a revision of it: `org/name` or `org/name@revision`. The oldest repositories are `name` alone.
///
/// Invariant: as a path or in an address, neither leads out of where it is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoId {
    name: String,
    revision: Option<String>,
}

impl RepoId {
    /// The repository's name, `org/name` or `name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The branch, tag or commit; `main` if none was given.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(MAIN)
    }

    /// The same repository at a branch, tag or commit.
    ///
    /// # Errors
    /// [`HubError::Id`] if `revision` is not a valid name, or if the id already has a revision.
    pub fn at(self, revision: &str) -> Result<Self, HubError> {
        if self.revision.is_some() {
            return Err(HubError::Id { text: self.to_string(), reason: "it names a revision already" });
        }
        let part = |part: &str| !matches!(part, "" | "." | "..") && !part.ends_with(".lock");
        let character = |c: char| c.is_ascii_graphic() && !"\\:?*\"<>|~^[".contains(c);
        let fine =
            revision.len() <= LONGEST_REVISION && revision.chars().all(character) && revision.split('/').all(part);
        if !fine {
            return Err(HubError::Id { text: revision.to_owned(), reason: "it is no name of a branch, tag or commit" });
        }
        Ok(Self { revision: Some(revision.to_owned()), ..self })
    }
}

impl FromStr for RepoId {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let wrong = |reason| HubError::Id { text: text.to_owned(), reason };
        let (name, revision) = text.split_once('@').map_or((text, None), |(name, revision)| (name, Some(revision)));
        let part = |part: &str| {
            let character = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let edge = |c: Option<char>| c.is_some_and(|c| c != '-' && c != '.');
            part.chars().all(character) && edge(part.chars().next()) && edge(part.chars().last())
        };
        if name.len() > LONGEST || name.contains("--") || name.contains("..") {
            return Err(wrong("a hub id has at most 96 characters and neither \"--\" nor \"..\""));
        }
        if name.split('/').count() > 2 || !name.split('/').all(part) {
            return Err(wrong("a hub id is org/name, of letters, digits, \"-\", \"_\" and \".\""));
        }
        let id = Self { name: name.to_owned(), revision: None };
        revision.map_or(Ok(id.clone()), |revision| id.at(revision))
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.revision.as_ref().map_or(Ok(()), |revision| write!(f, "@{revision}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_revisions() {
        let parts =
            |text: &str| text.parse::<RepoId>().map(|id| (id.name().to_owned(), id.revision().to_owned())).unwrap();
        let pair = |name: &str, revision: &str| (name.to_owned(), revision.to_owned());
        assert_eq!(parts("albert/albert-base-v2"), pair("albert/albert-base-v2", "main"));
        assert_eq!(parts("albert-base-v2"), pair("albert-base-v2", "main"));
        assert_eq!(parts("a/b_c.d@refs/pr/1"), pair("a/b_c.d", "refs/pr/1"));
        assert_eq!(parts("a/b@v1.0"), pair("a/b", "v1.0"));
        let at = "a/b".parse::<RepoId>().unwrap().at("dev").unwrap();
        assert_eq!((at.to_string(), at.revision()), ("a/b@dev".to_owned(), "dev"));
        assert!(at.at("main").is_err());
    }

    #[test]
    fn what_is_no_id() {
        let ids =
            ["", "/", "a/", "/a", "./a", "../a", "a/b/c", "a b", "a--b", "-a/b", "a/b.", "a\\b", "a/b@", "a/b@x/../y"];
        for text in ids.into_iter().chain(["a/b@/x", "a/b@x y", "a/b@..", "a/b@\u{e9}", "\u{e9}/b", "C:/x"]) {
            assert!(text.parse::<RepoId>().is_err(), "{text:?}");
        }
        assert!("x".repeat(97).parse::<RepoId>().is_err());
    }
}
