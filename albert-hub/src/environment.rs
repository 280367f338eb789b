//! What the environment says about hub and cache. An empty variable counts as none.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use super::{DEFAULT_ENDPOINT, Hub, Limits};

/// Reads the variables that the Hugging Face libraries read.
pub(super) fn hub(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Hub {
    let value = |name: &str| variable(name).filter(|value| !value.is_empty());
    let path = |name: &str| value(name).map(PathBuf::from);
    let text = |name: &str| value(name).and_then(|value| value.into_string().ok());
    let switch = |name: &str| text(name).is_some_and(|value| is_on(&value));

    let caches = path("XDG_CACHE_HOME").or_else(|| home.map(|home| home.join(".cache")));
    let own = path("HF_HOME").or_else(|| caches.map(|caches| caches.join("huggingface")));
    let cache = path("HF_HUB_CACHE").or_else(|| path("HUGGINGFACE_HUB_CACHE"));
    let token_file = path("HF_TOKEN_PATH").or_else(|| own.as_ref().map(|own| own.join("token")));
    let token = text("HF_TOKEN").or_else(|| text("HUGGING_FACE_HUB_TOKEN"));
    let token = token.or_else(|| fs::read_to_string(token_file?).ok());
    let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned());
    Hub {
        cache: cache.or_else(|| own.map(|own| own.join("hub"))),
        endpoint: endpoint.trim_end_matches('/').to_owned(),
        token: token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()),
        offline: switch("HF_HUB_OFFLINE") || switch("TRANSFORMERS_OFFLINE"),
        limits: Limits::default(),
    }
}

fn is_on(value: &str) -> bool {
    ["1", "on", "yes", "true"].iter().any(|on| value.eq_ignore_ascii_case(on))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], home: Option<&str>) -> Hub {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        hub(&variable, home.map(PathBuf::from))
    }

    #[test]
    fn the_cache_is_found_like_the_libraries_find_it() {
        let cache = |variables: &[(&str, &str)], home| of(variables, home).cache;
        let some = |path: &str| Some(PathBuf::from(path));
        let (hub, own, xdg) = (("HF_HUB_CACHE", "/hub"), ("HF_HOME", "/own"), ("XDG_CACHE_HOME", "/xdg"));
        assert_eq!(cache(&[hub, own, xdg], Some("/home")), some("/hub"));
        assert_eq!(cache(&[own, xdg], Some("/home")), some("/own/hub"));
        assert_eq!(cache(&[xdg], Some("/home")), some("/xdg/huggingface/hub"));
        assert_eq!(cache(&[], Some("/home")), some("/home/.cache/huggingface/hub"));
        assert_eq!(cache(&[("HF_HOME", "")], Some("/home")), some("/home/.cache/huggingface/hub"));
        assert_eq!(cache(&[xdg], None), some("/xdg/huggingface/hub"));
        assert_eq!(cache(&[], None), None);
    }

    #[test]
    fn switches_and_addresses() {
        for (value, on) in [("1", true), ("TRUE", true), ("Yes", true), ("0", false), ("", false), ("off", false)] {
            assert_eq!(of(&[("HF_HUB_OFFLINE", value)], None).offline, on, "{value:?}");
        }
        assert_eq!(of(&[], None).endpoint, DEFAULT_ENDPOINT);
        assert_eq!(of(&[("HF_ENDPOINT", "http://mirror:8080/")], None).endpoint, "http://mirror:8080");
    }

    #[test]
    fn the_token_is_a_variable_or_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path().to_str().unwrap();
        assert_eq!(of(&[("HF_HOME", home)], None).token, None);
        fs::write(directory.path().join("token"), "hf_file\n").unwrap();
        assert_eq!(of(&[("HF_HOME", home)], None).token.as_deref(), Some("hf_file"));
        assert_eq!(of(&[("HF_HOME", home), ("HF_TOKEN", " hf_own ")], None).token.as_deref(), Some("hf_own"));
        let hidden = format!("{:?}", of(&[("HF_TOKEN", "hf_own")], None));
        assert!(!hidden.contains("hf_own"), "{hidden}");
    }
}
