//! A request → its judged response, through logins, waits and retries.
//!
//! The body of a 200 is judged inside the retry loop, because only the body tells, with some APIs, that there were too many
//! requests or that a token has expired. So decoding is a callback of the transport, `judge`.
//!
//! What must not be broken: every wait is an await that a dropped future ends (law 7), and one refused token causes one login,
//! however many requests were refused.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};

use super::authenticator::Authorization;
use super::body;
use super::client::{Connection, RequestContext, unix_now, unsendable};
use super::failure::{Recovery, RequestFailure};
use super::limiter::{ConcurrencyLimiter, Permit};
use super::rate_limit::Advice;
use super::response::Response;
use super::retry::RetryClass;
use super::session::Token;
use crate::error::{Error, ErrorKind, Purpose, Result};
use crate::plan::request::{Request, fixed_segments};
use crate::sources::{Login, Method};

/// The most times that one request's token is renewed.
const MAX_RENEWALS: u32 = 5;

/// Makes of a response what the caller wants, or an error. The error's kind decides whether the request is sent again.
pub(crate) type Judge<'j, T> = &'j mut (dyn FnMut(Response) -> Result<T> + Send);

/// A request ready to be sent, and as errors and the log show it.
struct Outgoing<'r> {
    built: &'r reqwest::Request,
    shown: &'r Request,
    purpose: Purpose,
}

impl Outgoing<'_> {
    /// Adds to an error which request failed, and after how many attempts.
    fn locate(&self, error: Error, attempts: u32) -> Error {
        located(error, self.shown, self.purpose, attempts)
    }

    /// The final failure of a request, with its place and the number of attempts.
    fn give_up(&self, mut failed: RequestFailure, attempts: u32) -> RequestFailure {
        failed.error = self.locate(failed.error, attempts);
        failed
    }
}

/// Adds to an error which request failed, and after how many attempts.
pub(crate) fn located(error: Error, request: &Request, purpose: Purpose, attempts: u32) -> Error {
    error.located(|at| (at.request, at.purpose, at.attempts) = (Some(request.line()), Some(purpose), attempts))
}

impl Connection {
    /// Sends the request of a page and judges the response, with retries where they may help.
    pub async fn fetch<T: Send>(&self, request: &Request, page: u64, context: &RequestContext<'_>, judge: Judge<'_, T>) -> Result<T> {
        let (mut authorization, mut serial) = self.authorization(None, context).await?;
        let mut renewals = 0;
        let purpose = Purpose::Page(page);
        loop {
            let built = self.build(request, &authorization).map_err(|error| located(error, request, purpose, 1))?;
            let outgoing = Outgoing { built: &built, shown: request, purpose };
            match self.send(&outgoing, context, judge).await {
                Ok(answer) => {
                    self.accepted.fetch_max(serial, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(failed) if failed.recovery == Recovery::NewToken && self.authenticator.login().is_some() => {
                    // A token that the API accepted before has been used up, so a new one may help. A new token that the API
                    // never accepted is refused for another reason.
                    let is_spent = self.accepted.load(Ordering::Relaxed) >= serial && renewals < MAX_RENEWALS;
                    if renewals > 0 && !is_spent {
                        return Err(failed.error);
                    }
                    renewals += 1;
                    (authorization, serial) = self.authorization(Some(serial), context).await?;
                }
                Err(failed) => return Err(failed.error),
            }
        }
    }

    /// What is sent with each request, after a login if one is needed. `refused` is the serial of the token that the API
    /// refused.
    async fn authorization(&self, refused: Option<u64>, context: &RequestContext<'_>) -> Result<(Authorization, u64)> {
        // The lock is held during the login, so that all others who need a token wait for this one.
        let mut session = self.session.lock().await;
        if let Some(current) = session.current(refused, Instant::now()) {
            return Ok(current);
        }
        let Some(login) = self.authenticator.login() else {
            return Err(Error::new(ErrorKind::Internal, "a session without a login has nothing to send"));
        };
        let token = self.log_in(login, context).await?;
        session.renew(&self.authenticator, &token, Instant::now())
    }

    /// Sends a login and reads its token.
    async fn log_in(&self, login: &Login, context: &RequestContext<'_>) -> Result<Token> {
        let url = match (&self.auth_url, &login.path) {
            (Some(url), _) => url.clone(),
            (None, Some(path)) => self.below_base(&fixed_segments(path))?,
            (None, None) => {
                return Err(Error::new(ErrorKind::OptionName, "option \"auth_url\" is required to log in")
                    .hint(format!("Set it on the server to the address of the login: {}", login.doc)));
            }
        };
        let (kind, body) = self.authenticator.login_body(login);
        // Errors and the log show the login's method and path, never its body.
        let path = if self.auth_url.is_some() { url.path() } else { login.path.as_deref().unwrap_or_default() };
        let shown = Request::new(Method::Post, path);
        let built = self.http.post(url).timeout(self.request_timeout).header(CONTENT_TYPE, kind).body(body);
        let built = built.header(ACCEPT, "application/json").header(ACCEPT_ENCODING, body::ACCEPT_ENCODING).build();
        let built = built.map_err(|_| unsendable("the login"))?;
        let outgoing = Outgoing { built: &built, shown: &shown, purpose: Purpose::Login };
        let token = self.send(&outgoing, context, &mut |response| Token::read(login, &response)).await;
        token.map_err(|failed| failed.into_login_error(&login.names()))
    }

    /// Repeats attempts until one succeeds or no further one may help.
    async fn send<T: Send>(
        &self,
        outgoing: &Outgoing<'_>,
        context: &RequestContext<'_>,
        judge: Judge<'_, T>,
    ) -> std::result::Result<T, RequestFailure> {
        let mut waited = Duration::ZERO;
        let mut attempt = 1;
        let mut last: Option<(RequestFailure, Instant)> = None;
        loop {
            if let Some(pace) = &self.pace {
                tokio::time::sleep(pace.reserve()).await;
            }
            check_limit(context).map_err(|error| RequestFailure::permanent(outgoing.locate(error, 1)))?;
            let mut permit = match last.take() {
                None => Some(context.limiter.acquire().await),
                Some((failed, since)) => match self.acquire_again(context.limiter, since, &mut waited).await {
                    None => return Err(outgoing.give_up(failed, attempt - 1)),
                    permit => permit,
                },
            };
            let sent = Instant::now();
            let failed = match self.attempt_and_judge(outgoing, attempt, context, &mut permit, judge).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let class = failed.recovery.retry();
            let Some(wait) = class.and_then(|class| self.retry.next_wait(class, attempt, waited, fastrand::f64())) else {
                return Err(outgoing.give_up(failed, attempt));
            };
            if class.is_some_and(|class| matches!(class, RetryClass::Throttled(_)) || class.asked().is_some()) {
                context.limiter.on_throttled(sent, wait);
            }
            // The permit is released after the limit was lowered, so that the next request sees the lower limit.
            drop(permit);
            context.usage.retries.add(1);
            context.usage.backoff_micros.add_time(wait);
            let since = Instant::now();
            tokio::time::sleep(wait).await;
            last = Some((failed, since));
            attempt += 1;
        }
    }

    /// One attempt, and the judgement of its response. The permit is released before the response is judged: others may send
    /// meanwhile, because reading takes about as long as fetching.
    async fn attempt_and_judge<T: Send>(
        &self,
        outgoing: &Outgoing<'_>,
        attempt: u32,
        context: &RequestContext<'_>,
        permit: &mut Option<Permit<'_>>,
        judge: Judge<'_, T>,
    ) -> std::result::Result<T, RequestFailure> {
        let usage = context.usage;
        usage.requests.add(1);
        let sent = Instant::now();
        let response = self.attempt(outgoing.built, context).await;
        let elapsed = sent.elapsed();
        usage.fetch_micros.add_time(elapsed);
        let bytes = response.as_ref().map_or(0, |response| response.body.len());
        let outcome = response.and_then(|response| {
            permit.take().into_iter().for_each(Permit::succeeded);
            let advice = Advice::of(&response.headers, unix_now());
            judge(response).map_err(|error| RequestFailure::from_body(error, advice.wait))
        });
        if context.limits.log {
            let what = match &outcome {
                Ok(_) => format!("{bytes} bytes"),
                Err(failed) => failed.error.message().to_owned(),
            };
            let Outgoing { shown, purpose, .. } = outgoing;
            usage.log(format!("{}, {purpose}, attempt {attempt}: {what} in {} ms", shown.readable(), elapsed.as_millis()));
        }
        outcome
    }

    /// Waits for a permit as long as the budget lasts, and adds the wait `since` the failure to `waited`. If other requests
    /// were answered meanwhile, the API does serve this scan, and the budget begins anew. `None` if the budget is used up.
    async fn acquire_again<'g>(&self, limiter: &'g ConcurrencyLimiter, mut since: Instant, waited: &mut Duration) -> Option<Permit<'g>> {
        loop {
            let left = self.retry.budget.saturating_sub(*waited).saturating_sub(since.elapsed());
            // The timeout polls the limiter first: a free permit is acquired even when no time is left.
            let acquired = tokio::time::timeout(left, limiter.acquire()).await.ok();
            let answered = limiter.answered_since(since);
            *waited = if answered { Duration::ZERO } else { *waited + since.elapsed() };
            if acquired.is_some() || !answered {
                return acquired;
            }
            since = Instant::now();
        }
    }
}

/// Counts a request, and refuses it beyond the scan's limit.
fn check_limit(context: &RequestContext<'_>) -> Result<()> {
    let limit = context.limits.max_requests;
    if limit > 0 && context.usage.begun.add(1) >= limit {
        return Err(Error::new(ErrorKind::Throttled, format!("the scan needs more than {limit} requests"))
            .hint("Ask for a smaller time range, or raise the setting restlog_fdw.max_requests."));
    }
    Ok(())
}
