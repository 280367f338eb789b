//! Requests to the hub.
//!
//! Redirects are followed here and not by the HTTP library: the token must not leave the endpoint, and the answers of the
//! endpoint that redirect say what the file is.

use std::io::Read;
use std::time::{Duration, Instant};

use ureq::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, LOCATION, RANGE};
use ureq::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use ureq::{Agent, Body};

use super::{Hub, HubError};

/// Most redirects of a request.
const MOST_REDIRECTS: usize = 10;
/// Longest wait for a connection, and for the next bytes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Header fields of the hub's own.
mod field {
    pub(super) const COMMIT: &str = "x-repo-commit";
    pub(super) const LINKED_ETAG: &str = "x-linked-etag";
    pub(super) const LINKED_SIZE: &str = "x-linked-size";
    pub(super) const ERROR: &str = "x-error-code";
}

/// Asks the hub, and whoever it sends us to.
pub(super) struct Client {
    agent: Agent,
    endpoint: Uri,
    authorization: Option<HeaderValue>,
    /// When everything must be over, and how long that is from the start.
    end: Option<Instant>,
    time: Duration,
}

/// A part of a file that is asked for.
pub(super) struct Part<'a> {
    /// First byte.
    pub(super) start: u64,
    /// What the server called the file before: the whole of it is sent when that has changed.
    pub(super) validator: Option<&'a str>,
}

/// The last answer to a request, and what the endpoint said about the file on the way to it.
pub(super) struct Answer {
    pub(super) status: u16,
    /// What the hub calls an error.
    pub(super) error: Option<String>,
    /// The commit that the file is taken from.
    pub(super) commit: Option<String>,
    /// The endpoint's name for the bytes.
    pub(super) etag: Option<String>,
    /// Bytes of the whole file.
    pub(super) size: Option<u64>,
    /// First byte of the body.
    pub(super) start: u64,
    /// The etag of whoever sends the body, when equal etags mean equal bytes.
    pub(super) validator: Option<String>,
    body: Body,
}

impl Answer {
    /// The bytes.
    pub(super) fn body(&mut self) -> impl Read + '_ {
        self.body.as_reader()
    }
}

impl Client {
    pub(super) fn new(hub: &Hub) -> Result<Self, HubError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .user_agent(concat!("albert-edge/", env!("CARGO_PKG_VERSION")))
            .build();
        let endpoint = address(&hub.endpoint)?;
        let bearer = |token| HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| HubError::Token);
        let authorization = hub.token.as_ref().map(bearer).transpose()?;
        let time = hub.limits.time;
        // A time that no clock can hold is none.
        Ok(Self { agent: config.into(), endpoint, authorization, end: Instant::now().checked_add(time), time })
    }

    /// Whether requests to the endpoint carry a token.
    pub(super) fn has_token(&self) -> bool {
        self.authorization.is_some()
    }

    /// Asks for an address of the endpoint, or a part of what is there. Answers of every status are returned.
    pub(super) fn get(&self, url: &str, part: Option<&Part<'_>>) -> Result<Answer, HubError> {
        let mut place = address(url)?;
        let (mut commit, mut etag, mut linked_size) = (None, None, None);
        for _ in 0..=MOST_REDIRECTS {
            let response = self.ask(&place, part)?;
            let (status, headers) = (response.status(), response.headers());
            if same_origin(&place, &self.endpoint) {
                commit = commit.or_else(|| text(headers, field::COMMIT));
                etag = text(headers, field::LINKED_ETAG).or_else(|| text(headers, ETAG.as_str())).or(etag);
                linked_size = linked_size.or_else(|| number(headers, field::LINKED_SIZE));
            }
            if !is_redirect(status) {
                let etag = etag.or_else(|| text(headers, ETAG.as_str()));
                return answer(response, commit, etag, linked_size).map_err(|reason| wrong(url, reason));
            }
            let target = headers.get(LOCATION).and_then(|target| target.to_str().ok());
            let target = target.ok_or_else(|| wrong(url, "a redirect to nowhere"))?;
            let next = joined(&place, target).ok_or_else(|| wrong(url, format!("a redirect to {target:?}")))?;
            if place.scheme_str() == Some("https") && next.scheme_str() != Some("https") {
                return Err(wrong(url, "a redirect from https to http"));
            }
            place = next;
        }
        Err(wrong(url, "too many redirects"))
    }

    fn ask(&self, place: &Uri, part: Option<&Part<'_>>) -> Result<Response<Body>, HubError> {
        // Headers and body together may take what is left.
        let left = self.end.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(HubError::Deadline { url: place.to_string(), limit: self.time });
        }
        let request = self.agent.get(place).config().timeout_global(left).build();
        let mut request = request.header("accept-encoding", "identity");
        if let Some(token) = self.authorization.as_ref().filter(|_| same_origin(place, &self.endpoint)) {
            request = request.header(AUTHORIZATION, token);
        }
        if let Some(Part { start, validator }) = part {
            request = request.header(RANGE, format!("bytes={start}-"));
            if let Some(validator) = validator {
                request = request.header(IF_RANGE, *validator);
            }
        }
        request.call().map_err(|error| HubError::Connection { url: place.to_string(), reason: error.to_string() })
    }
}

fn answer(
    response: Response<Body>,
    commit: Option<String>,
    etag: Option<String>,
    linked_size: Option<u64>,
) -> Result<Answer, &'static str> {
    let headers = response.headers();
    let (start, size) = match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            let range = text(headers, CONTENT_RANGE.as_str());
            range.as_deref().and_then(content_range).ok_or("a part of a file that does not say which")?
        }
        _ => (0, number(headers, CONTENT_LENGTH.as_str())),
    };
    Ok(Answer {
        status: response.status().as_u16(),
        error: text(headers, field::ERROR),
        commit,
        etag: etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"').to_owned()),
        size: linked_size.or(size),
        start,
        validator: text(headers, ETAG.as_str()).filter(|etag| etag.starts_with('"')),
        body: response.into_body(),
    })
}

/// `bytes START-END/TOTAL`, where the total may be unknown.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

/// An absolute address over http or https.
fn address(url: &str) -> Result<Uri, HubError> {
    let uri: Result<Uri, _> = url.parse();
    let uri = uri.ok().filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    uri.ok_or_else(|| wrong(url, "no address of a hub; HF_ENDPOINT is one such as https://hub.example.org"))
}

/// Whether two addresses have scheme, host and port in common.
fn same_origin(a: &Uri, b: &Uri) -> bool {
    let port = |uri: &Uri| uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let host = |uri: &Uri| uri.host().map(str::to_ascii_lowercase);
    a.scheme_str() == b.scheme_str() && host(a) == host(b) && port(a) == port(b)
}

/// The address that a redirect at `place` leads to: an absolute one, or one of the same host or scheme.
fn joined(place: &Uri, target: &str) -> Option<Uri> {
    let target = target.split('#').next()?;
    let (scheme, authority) = (place.scheme_str()?, place.authority()?);
    let absolute = if target.starts_with("http://") || target.starts_with("https://") {
        target.to_owned()
    } else if target.starts_with("//") {
        format!("{scheme}:{target}")
    } else if target.starts_with('/') {
        format!("{scheme}://{authority}{target}")
    } else {
        let folder = place.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{target}")
    };
    address(&absolute).ok()
}

fn wrong(url: &str, reason: impl Into<String>) -> HubError {
    HubError::Answer { url: url.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_where_they_say() {
        let from: Uri = "https://hub.org:8443/a/b/resolve/main/f".parse().unwrap();
        let to = |target: &str| joined(&from, target).map(|uri| uri.to_string());
        assert_eq!(to("/c/f?x=1#y").as_deref(), Some("https://hub.org:8443/c/f?x=1"));
        assert_eq!(to("g").as_deref(), Some("https://hub.org:8443/a/b/resolve/main/g"));
        assert_eq!(to("//cdn.org/f").as_deref(), Some("https://cdn.org/f"));
        assert_eq!(to("https://cdn.org/f").as_deref(), Some("https://cdn.org/f"));
        assert_eq!(to("http://[").as_deref(), None);
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let same = |a: &str, b: &str| same_origin(&a.parse().unwrap(), &b.parse().unwrap());
        assert!(same("https://hub.org/a", "https://HUB.org:443/b"));
        assert!(!same("https://hub.org", "http://hub.org"));
        assert!(!same("https://hub.org", "https://hub.org:444"));
        assert!(!same("https://hub.org", "https://hub.org.evil.org"));
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("lines 5-9/10"), None);
        assert_eq!(content_range("bytes */10"), None);
    }
}
