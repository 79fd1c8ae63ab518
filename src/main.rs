//! The `shouxin` program: reads its arguments and wires the parts together.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use shouxin::config::{self, Environment, LogFormat, Purpose, Settings};
use shouxin::platform::http::openapi;
use shouxin::run::{self, DevOptions, Holder, RunError, TokenOptions, VerifyOptions};
use shouxin::values::organisation::OrgPath;
use shouxin::{routes, telemetry};
use uuid::Uuid;

/// Customer credit control: may this customer have it on credit, at which limits, and what is
/// owed since when.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    /// Settings file (TOML); without it, the one that SHOUXIN_CONFIG names.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests.
    Serve {
        /// Leave the background jobs to `shouxin worker`.
        #[arg(long)]
        no_jobs: bool,
    },
    /// Run a service to try out: private PostgreSQL, sample company, tokens.
    Dev(DevArguments),
    /// Run the background jobs without answering requests.
    Worker,
    /// Apply the migrations that the database does not have yet.
    Migrate,
    /// Print the OpenAPI document.
    Openapi {
        /// Print which permission each operation needs instead.
        #[arg(long)]
        permissions: bool,
    },
    /// Print a token of the development key.
    Token(TokenArguments),
    /// Prove from the stored data that nothing is missing or was altered.
    Verify {
        #[command(subcommand)]
        what: Verification,
    },
    /// Print new keys for SHOUXIN_MASTER_KEYS.
    Keys,
    /// Print every setting with its default, as a table in Markdown.
    Config,
    /// Ask the service on this machine whether it is alive; for container images.
    Healthcheck {
        /// What to ask for.
        #[arg(long, default_value = "/livez", value_name = "PATH")]
        path: String,
    },
}

#[derive(Subcommand)]
enum Verification {
    /// Prove that every balance equals its movements; exit 1 and name each one that does not.
    Ledger(VerifyArguments),
}

#[derive(Args)]
struct VerifyArguments {
    /// State folder of a `shouxin dev`, running or not, instead of the database of the settings.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

#[derive(Args)]
struct DevArguments {
    /// Port on 127.0.0.1; 0 picks a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where the tokens go; without it, into the state folder.
    #[arg(long, value_name = "FILE")]
    tokens_file: Option<PathBuf>,
    /// Throw the database, the keys and the tokens in the state folder away first.
    #[arg(long)]
    reset: bool,
    /// Leave the sample company out: a start in no time.
    #[arg(long)]
    no_sample: bool,
    /// Folder of the database, the keys and the tokens.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct HolderArguments {
    /// Permission tier.
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    /// Scopes, separated by spaces, instead of a tier; needs --org.
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
}

#[derive(Args)]
struct TokenArguments {
    #[command(flatten)]
    holder: HolderArguments,
    /// Place in the organisation, such as head-office/east; without it, the tier's in the sample company.
    #[arg(long, value_name = "PATH", value_parser = org_path)]
    org: Option<OrgPath>,
    /// Identifier of the customer that a self-service token belongs to.
    #[arg(long, value_name = "UUID")]
    customer: Option<Uuid>,
    /// Name of the person; without it, the name of the tier.
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// How long the token lives, at most a day.
    #[arg(long, value_name = "N", default_value_t = 60)]
    lifetime_minutes: u32,
    /// State folder of the `shouxin dev` that is to accept it.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { config, command } = Arguments::parse();
    let environment = Environment::of_process();
    let load = |purpose| Settings::load(config.as_deref(), &environment, purpose);
    match perform(command, &load, &environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nobody_listens = writeln!(std::io::stderr(), "shouxin: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn perform(
    command: Command,
    load: &dyn Fn(Purpose) -> Result<Settings, config::WrongSettings>,
    environment: &Environment,
) -> Result<(), RunError> {
    match command {
        Command::Serve { no_jobs } => {
            let mut settings = load(Purpose::Serve)?;
            settings.jobs_enabled &= !no_jobs;
            start_logging(&settings, LogFormat::Json);
            run::serve(&settings)
        }
        Command::Dev(arguments) => {
            let settings = load(Purpose::Anything)?;
            start_logging(&settings, LogFormat::Human);
            run::dev(settings, environment, &arguments.into(), say)
        }
        Command::Worker => {
            let settings = load(Purpose::Work)?;
            start_logging(&settings, LogFormat::Json);
            run::worker(&settings)
        }
        Command::Migrate => run::migrate(&load(Purpose::Migrate)?, say),
        Command::Openapi { permissions: false } => {
            print(&openapi::text(routes::operations()));
            Ok(())
        }
        Command::Openapi { permissions: true } => {
            print(&openapi::permissions(routes::operations()));
            Ok(())
        }
        Command::Token(arguments) => run::token(
            &load(Purpose::Anything)?,
            environment,
            &arguments.into(),
            say,
        ),
        Command::Verify {
            what: Verification::Ledger(arguments),
        } => {
            let settings = load(Purpose::Anything)?;
            start_logging(&settings, LogFormat::Human);
            run::verify_ledger(&settings, environment, &arguments.into(), say)
        }
        Command::Keys => run::keys(say),
        Command::Config => {
            print(&config::table::markdown());
            Ok(())
        }
        Command::Healthcheck { path } => run::healthcheck(&load(Purpose::Anything)?, &path),
    }
}

fn start_logging(settings: &Settings, usual: LogFormat) {
    telemetry::start(settings.log_format.unwrap_or(usual), &settings.log_filter);
}

fn say(line: &str) {
    print(line);
    print("\n");
}

/// Standard output may be a pipe whose reader has left (`shouxin openapi | head`): no reason to
/// panic.
fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _nobody_reads = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
}

fn org_path(text: &str) -> Result<OrgPath, String> {
    OrgPath::parse(text).map_err(|error| error.to_string())
}

impl From<DevArguments> for DevOptions {
    fn from(arguments: DevArguments) -> Self {
        let DevArguments {
            port,
            tokens_file,
            reset,
            no_sample,
            state_dir,
        } = arguments;
        Self {
            port,
            tokens_file,
            reset,
            no_sample,
            state_dir,
        }
    }
}

impl From<VerifyArguments> for VerifyOptions {
    fn from(VerifyArguments { state_dir }: VerifyArguments) -> Self {
        Self { state_dir }
    }
}

impl From<TokenArguments> for TokenOptions {
    fn from(arguments: TokenArguments) -> Self {
        let TokenArguments {
            holder: HolderArguments { tier, scope },
            org,
            customer,
            subject,
            lifetime_minutes,
            state_dir,
        } = arguments;
        let holder = match (tier, scope) {
            (Some(tier), _) => Holder::Tier(tier),
            (None, scope) => Holder::Scopes(scope.unwrap_or_default()),
        };
        Self {
            holder,
            org_path: org,
            customer_id: customer,
            subject,
            lifetime_minutes,
            state_dir,
        }
    }
}
