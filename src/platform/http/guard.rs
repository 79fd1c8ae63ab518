//! The guard: no handler without a permission, and no database without a guard.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::answers::{Answer, Recorded};
use super::command::Repeatable;
use super::operation::{Draft, Guard, Operations};
use super::parameters;
use super::problem::{self, Language, Wording};
use super::state::{RequestIdentity, State};
use crate::auth::bearer::{HeaderProblem, bearer_token};
use crate::auth::scopes::Scope;
use crate::auth::token::VerifiedToken;
use crate::error::{Error, Problem};
use crate::error_codes::ProblemCode;
use crate::platform::store::db::{WriteRequest, Written};
use crate::platform::store::idempotency::StoredAnswer;
use crate::platform::store::people;
use crate::platform::store::tx::{Reader, Tx};
use crate::values::actor::Actor;
use crate::values::ids::CustomerId;

/// Proof that the caller holds scope `S`, and the only way to the database.
///
/// It is the first parameter of every handler. The check is synchronous (keys are refreshed in
/// the background), and actix polls extractors from left to right, so a caller without
/// permission learns nothing about the rest of its request.
pub struct Require<S> {
    actor: Actor,
    wording: Wording,
    state: web::Data<State>,
    scope: PhantomData<fn() -> S>,
}

impl<S: Scope> Require<S> {
    /// Who is asking.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Language and request id, for words inside answers.
    pub fn wording(&self) -> &Wording {
        &self.wording
    }

    /// The business date.
    pub fn today(&self) -> chrono::NaiveDate {
        self.state.db.today()
    }

    /// Settings and seals that answers need.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Reads, statement by statement.
    ///
    /// # Errors
    /// What `work` refuses, or 503.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Reader<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.state.db.read(self.actor.clone(), work).await
    }

    /// Reads in one snapshot, where several statements have to agree.
    ///
    /// # Errors
    /// As [`Require::read`].
    pub async fn read_snapshot<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Reader<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.state.db.read_snapshot(self.actor.clone(), work).await
    }

    /// Reads in one snapshot what may lag behind: from a replica, where one is set up.
    ///
    /// # Errors
    /// As [`Require::read`].
    pub async fn read_lagging<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Reader<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.state.db.read_lagging(self.actor.clone(), work).await
    }

    /// Writes: the effect, its audit entry, its events and the answer under the caller's key in
    /// one commit.
    ///
    /// # Errors
    /// What `work` refuses, or 503.
    pub async fn write<T: Answer>(
        &self,
        action: &'static str,
        repeatable: Repeatable,
        work: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<Recorded<T>, Error> {
        self.write_down_who_came().await?;
        let request = self.request(action, &repeatable);
        let wording = self.wording.clone();
        let audience = self.actor.audience();
        let written = self
            .state
            .db
            .write(
                request,
                move |tx| work(tx).and_then(|answer| answer.to_stored(audience)),
                move |result| {
                    Some(match result {
                        Ok(answer) => answer.clone(),
                        Err(problem) => problem::render(problem, &wording),
                    })
                },
            )
            .await?;
        self.recorded(written)
    }

    /// Writes down who has come since the last time, so that what is decided in the name of somebody
    /// else knows what they may do themselves. Most of the time there is nothing to write.
    async fn write_down_who_came(&self) -> Result<(), Error> {
        let waiting = self.state.seen.waiting();
        if waiting.is_empty() {
            return Ok(());
        }
        let written = self
            .state
            .db
            .blocking(move |db| {
                db.housekeeping_blocking(&|connection, _| people::note(connection, &waiting))?;
                Ok(waiting)
            })
            .await?;
        self.state.seen.written(written);
        Ok(())
    }

    /// A write of this caller, as it is recorded and kept under its key.
    pub fn request(&self, action: &'static str, repeatable: &Repeatable) -> WriteRequest {
        WriteRequest {
            actor: self.actor.clone(),
            action,
            subject: repeatable.path.clone(),
            idempotency: repeatable.scope_for(&self.actor),
        }
    }

    /// The answer to a write, in the words of this caller.
    ///
    /// # Errors
    /// When what is kept of an earlier one is not what was answered.
    pub fn recorded<T: Answer>(
        &self,
        written: Written<StoredAnswer>,
    ) -> Result<Recorded<T>, Error> {
        Ok(match written {
            Written::Done(stored) => Recorded::fresh(stored),
            Written::Refused(problem) => Recorded::fresh(problem::render(&problem, &self.wording)),
            Written::Replayed(stored) => Recorded::replayed(stored, self.actor.audience())?,
        })
    }
}

impl<S: Scope> FromRequest for Require<S> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(admit::<S>(request))
    }
}

impl<S: Scope> Guard for Require<S> {
    fn describe(draft: &mut Draft) {
        draft.requires(S::NAME);
    }
}

/// The guard of operations that are open to everybody: the documentation of problems. It gives
/// no way to the database.
pub struct Anyone {
    /// Language of the caller.
    pub language: Language,
}

impl FromRequest for Anyone {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(refuse_unknown_parameters(request).map(|()| Self {
            language: Language::of(request),
        }))
    }
}

impl Guard for Anyone {
    fn describe(_: &mut Draft) {}
}

fn admit<S: Scope>(request: &HttpRequest) -> Result<Require<S>, Error> {
    let state = request
        .app_data::<web::Data<State>>()
        .ok_or_else(|| Error::internal("the application has no state"))?;
    let identity = request
        .extensions()
        .get::<RequestIdentity>()
        .cloned()
        .ok_or_else(|| Error::internal("the request has no identity"))?;
    let token = verified(request, state)?;
    let actor = actor(token, &identity);
    let now = state.db.clock().now();
    state.quotas.take(&actor.principal, now)?;
    state.seen.note(&actor, now);
    if !actor.scopes.contains(S::NAME) {
        return Err(Problem::new(ProblemCode::InsufficientScope)
            .because(
                format!("The operation needs the scope {}.", S::NAME),
                format!("该操作需要权限范围 {}。", S::NAME),
            )
            .with_header(
                "WWW-Authenticate",
                format!(
                    r#"Bearer realm="shouxin", error="insufficient_scope", scope="{}""#,
                    S::NAME
                ),
            )
            .into());
    }
    refuse_unknown_parameters(request)?;
    // Answers that are written outside of the guard are told by it what they may show.
    request.extensions_mut().insert(actor.audience());
    Ok(Require {
        actor,
        wording: Wording {
            language: Language::of(request),
            request_id: identity.request_id,
        },
        state: state.clone(),
        scope: PhantomData,
    })
}

/// Operations that take no query parameters refuse any; the others name the unknown ones when
/// they read their own.
fn refuse_unknown_parameters(request: &HttpRequest) -> Result<(), Error> {
    let pattern = request.match_pattern().unwrap_or_default();
    let query = request.query_string();
    let takes_query = request
        .app_data::<web::Data<Operations>>()
        .is_some_and(|all| all.takes_query(request.method(), &pattern));
    if query.is_empty() || takes_query {
        return Ok(());
    }
    let name: String = query
        .split(['=', '&'])
        .next()
        .unwrap_or("")
        .chars()
        .take(100)
        .collect();
    Err(parameters::unknown(&name))
}

fn verified(request: &HttpRequest, state: &State) -> Result<VerifiedToken, Error> {
    let mut values = Vec::new();
    for value in request.headers().get_all(header::AUTHORIZATION) {
        values.push(value.to_str().map_err(|_| invalid_token())?);
    }
    let token = bearer_token(&values).map_err(|problem| match problem {
        HeaderProblem::Missing => Error::from(
            Problem::new(ProblemCode::Unauthenticated)
                .with_header("WWW-Authenticate", r#"Bearer realm="shouxin""#),
        ),
        HeaderProblem::Malformed => invalid_token(),
    })?;
    state
        .verifier
        .verify(token, state.db.clock().now())
        .map_err(|rejection| {
            // The reason is for the operator; every caller gets the same words.
            tracing::info!(%rejection, "token rejected");
            invalid_token()
        })
}

fn invalid_token() -> Error {
    Problem::new(ProblemCode::InvalidToken)
        .with_header(
            "WWW-Authenticate",
            r#"Bearer realm="shouxin", error="invalid_token""#,
        )
        .into()
}

fn actor(token: VerifiedToken, identity: &RequestIdentity) -> Actor {
    Actor {
        principal: format!("{}|{}", token.issuer, token.subject),
        client_id: token.client_id,
        scopes: token.scopes,
        org_path: token.org_path,
        customer_id: token.customer_id.map(CustomerId::from_uuid),
        request_id: identity.request_id,
    }
}
