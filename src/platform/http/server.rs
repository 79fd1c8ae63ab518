//! The server: workers, limits, and a shutdown that loses nothing.

use std::collections::BTreeMap;
use std::future::ready;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpRequest, web};

use super::operation::{Operation, Operations};
use super::state::State;
use super::wire::Connection;
use super::{middleware, probes, problem};
use crate::error::{Error, OrInternal, Problem};
use crate::error_codes::ProblemCode;

/// How the server listens.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Worker threads.
    pub workers: usize,
    /// Connections at most, over all workers.
    pub connections_max: usize,
    /// How long a request may take to arrive.
    pub request_timeout: Duration,
    /// How long running requests may go on after shutdown began.
    pub shutdown_timeout: Duration,
}

/// A server that is bound and about to run.
pub struct Bound {
    /// The address it listens on.
    pub address: SocketAddr,
    /// The server; it runs while this future is polled.
    pub server: Server,
    /// Stops it.
    pub handle: ServerHandle,
}

/// Binds the server. `areas` adds what handlers need besides the state.
///
/// # Errors
/// When the address cannot be listened on.
pub fn bind(
    options: &ServerOptions,
    state: web::Data<State>,
    operations: &'static [Operation],
    areas: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> Result<Bound, Error> {
    let listener = TcpListener::bind(options.listen).or_internal()?;
    listener.set_nonblocking(true).or_internal()?;
    let address = listener.local_addr().or_internal()?;
    let looked_up = web::Data::new(Operations::of(operations));
    let swagger = web::Data::new(utoipa_swagger_ui::Config::from("/openapi.json"));
    let builder = Server::build()
        .workers(options.workers)
        .max_concurrent_connections(options.connections_max / options.workers.max(1))
        // The database queue bounds blocking threads; this only has to be no smaller.
        .worker_max_blocking_threads(256)
        .shutdown_timeout(options.shutdown_timeout.as_secs())
        .disable_signals();
    let shutdown = builder.graceful_shutdown_signal();
    let request_timeout = options.request_timeout;
    // What `actix_web::HttpServer` does, with a connection that gives words to bare refusals.
    let server = builder
        .listen("http", listener, move || {
            let (state, swagger) = (state.clone(), swagger.clone());
            let looked_up = looked_up.clone();
            let shutdown = shutdown.clone();
            let connections = state.clone();
            let app = App::new()
                .app_data(state)
                .app_data(swagger)
                .app_data(looked_up)
                .wrap(from_fn(middleware::around))
                .configure(areas.clone())
                .configure(|config| api(config, operations))
                .configure(beside_the_api)
                .default_service(web::to(|| async {
                    problem::carrying(Problem::new(ProblemCode::NotFound))
                }))
                .into_factory()
                .map_err(|error: actix_web::Error| error.error_response());
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let signal = shutdown.clone();
                    async move { signal.notified().await }
                })
                .client_request_timeout(request_timeout)
                .local_addr(address)
                .h1(map_config(app, |()| AppConfig::default()));
            fn_service(move |stream: TcpStream| {
                let peer = stream.peer_addr().ok();
                ready(Ok((Connection::new(stream, connections.clone()), peer)))
            })
            .and_then(http)
        })
        .or_internal()?
        .run();
    Ok(Bound {
        address,
        handle: server.handle(),
        server,
    })
}

/// Registers every operation under its path; other methods of the path get 405 with `Allow`, and
/// OPTIONS says what there is.
fn api(config: &mut web::ServiceConfig, operations: &'static [Operation]) {
    let mut paths: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        paths.entry(&operation.path).or_default().push(operation);
    }
    for (path, operations) in paths {
        let mut allowed: Vec<Method> = operations
            .iter()
            .map(|operation| operation.method.clone())
            .collect();
        if allowed.contains(&Method::GET) {
            allowed.push(Method::HEAD);
        }
        allowed.push(Method::OPTIONS);
        allowed.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        let mut resource = web::resource(path);
        for operation in operations {
            if operation.method == Method::GET {
                resource = resource.route(operation.route_for(&Method::HEAD));
            }
            resource = resource.route(operation.route_for(&operation.method));
        }
        config.service(
            resource.default_service(web::to(move |request: HttpRequest| {
                let allowed = allowed.clone();
                async move {
                    if request.method() == Method::OPTIONS {
                        middleware::options(&allowed)
                    } else {
                        problem::method_not_allowed(&allowed)
                    }
                }
            })),
        );
    }
}

fn beside_the_api(config: &mut web::ServiceConfig) {
    let only_get = || web::to(|| async { problem::method_not_allowed(&[Method::GET]) });
    config
        .service(
            web::resource("/livez")
                .route(web::get().to(probes::livez))
                .default_service(only_get()),
        )
        .service(
            web::resource("/readyz")
                .route(web::get().to(probes::readyz))
                .default_service(only_get()),
        )
        .service(
            web::resource("/metrics")
                .route(web::get().to(probes::metrics))
                .default_service(only_get()),
        )
        .service(
            web::resource("/openapi.json")
                .route(web::get().to(probes::document))
                .default_service(only_get()),
        )
        .service(
            web::resource("/docs")
                .route(web::get().to(probes::docs_entry))
                .default_service(only_get()),
        )
        .service(
            web::resource("/docs/{file:.*}")
                .route(web::get().to(probes::docs))
                .default_service(only_get()),
        );
}
