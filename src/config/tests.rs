//! Settings from the environment and from a file.

use std::io::Write;

use super::*;

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("shouxin-config-{}-{name}", std::process::id()));
        std::fs::File::create(&path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_file(&self.0);
    }
}

fn load(variables: &[(&str, &str)], purpose: Purpose) -> Result<Settings, Vec<Wrong>> {
    Settings::load(None, &Environment::of(variables), purpose).map_err(|WrongSettings(wrong)| wrong)
}

fn keys() -> String {
    MasterKeys::generate().unwrap()
}

#[test]
fn defaults_hold_where_nothing_is_said() {
    let settings = load(&[], Purpose::Anything).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.pool_size, 16);
    assert_eq!(settings.deadline_ms, std::time::Duration::from_millis(2500));
    assert_eq!(settings.body_bytes_max, 1024 * 1024);
    assert_eq!(settings.time_zone, chrono_tz::Asia::Shanghai);
    assert!(settings.jobs_enabled && settings.issuers.is_empty());
    assert!(settings.database_url.is_none() && settings.log_format.is_none());
}

#[test]
fn the_file_goes_before_the_default_and_the_environment_before_the_file() {
    let file = File::new(
        "order.toml",
        "pool_size = 4\nqueue_max = 7\njobs_enabled = false\n\
         allowed_origins = [\"https://a.example\", \"https://b.example:8443\"]\n\
         [[issuers]]\nissuer = \"https://idp.example\"\njwks_uri = \"https://idp.example/keys\"\n\
         audiences = [\"shouxin\", \"credit\"]\nalgorithms = [\"ES256\"]\nlifetime_max_seconds = 600\n",
    );
    let path = file.0.display().to_string();
    let environment = Environment::of(&[
        (FILE_VARIABLE, path.as_str()),
        ("SHOUXIN_POOL_SIZE", "8"),
        ("SHOUXIN_QUEUE_MAX", ""),
    ]);
    let settings = Settings::load(None, &environment, Purpose::Anything).unwrap();
    assert_eq!((settings.pool_size, settings.queue_max), (8, 7));
    assert!(!settings.jobs_enabled);
    assert_eq!(
        settings.allowed_origins,
        ["https://a.example", "https://b.example:8443"]
    );
    assert_eq!(settings.issuers.len(), 1);
    assert_eq!(settings.issuers[0].audiences.len(), 2);
    assert_eq!(settings.issuers[0].lifetime_max_seconds, 600);
}

#[test]
fn every_wrong_setting_is_named_at_once_with_where_it_came_from() {
    let file = File::new(
        "wrong.toml",
        "pool_size = 0\npoolsize = 3\ntime_zone = \"Mars/Olympus\"\nqueue_max = 1.5\n",
    );
    let environment = Environment::of(&[
        ("SHOUXIN_LISTEN", "8080"),
        ("SHOUXIN_POOLSIZE", "8"),
        ("SHOUXIN_JOBS_ENABLED", "maybe"),
        ("DATABASE_URL", "mysql://root:secret-word@h/d"),
        ("SHOUXIN_MASTER_KEYS", "secret-word"),
    ]);
    let wrong = Settings::load(Some(&file.0), &environment, Purpose::Serve).unwrap_err();
    let message = wrong.to_string();
    let path = file.0.display().to_string();
    for (name, from, expected) in [
        ("pool_size", path.as_str(), "from 1 to 1000"),
        ("poolsize", path.as_str(), "no such setting"),
        ("time_zone", path.as_str(), "IANA"),
        ("queue_max", path.as_str(), "expected a text, a number"),
        ("listen", "SHOUXIN_LISTEN", "0.0.0.0:8080"),
        ("SHOUXIN_POOLSIZE", "environment", "no such variable"),
        ("jobs_enabled", "SHOUXIN_JOBS_ENABLED", "true or false"),
        ("database_url", "DATABASE_URL", "postgres://"),
        ("master_keys", "SHOUXIN_MASTER_KEYS", "id:BASE64"),
    ] {
        assert!(
            wrong.0.iter().any(|wrong| wrong.name == name
                && wrong.from == from
                && wrong.why.contains(expected)),
            "{name}: {message}"
        );
    }
    assert!(!message.contains("secret-word"), "{message}");
}

#[test]
fn each_setting_refuses_nonsense() {
    // Whatever text is, these take it.
    let free = ["master_keys_file", "issuer", "jwks_uri", "audience"];
    for setting in SETTINGS
        .iter()
        .filter(|setting| !free.contains(&setting.name))
    {
        let wrong = load(
            &[(setting.variable, "\u{1f}no,sense=\u{1f}://")],
            Purpose::Anything,
        );
        let wrong = wrong.unwrap_err();
        assert!(
            wrong
                .iter()
                .any(|wrong| wrong.name == setting.name && wrong.from == setting.variable),
            "{}: {wrong:?}",
            setting.name
        );
    }
}

#[test]
fn serving_needs_a_database_keys_and_an_issuer() {
    let names = |variables: &[(&str, &str)], purpose| -> Vec<String> {
        load(variables, purpose)
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|wrong| wrong.name)
            .collect()
    };
    let all = ["database_url", "master_keys", "issuers"];
    assert_eq!(names(&[], Purpose::Serve), all);
    assert_eq!(names(&[], Purpose::Work), all[..2]);
    assert_eq!(names(&[], Purpose::Migrate), all[..1]);
    let owner = ("SHOUXIN_MIGRATION_DATABASE_URL", "postgres://h/d");
    assert!(names(&[owner], Purpose::Migrate).is_empty());
    assert_eq!(names(&[owner], Purpose::Work), all[..2]);
}

#[test]
fn a_single_issuer_is_three_variables() {
    let issuer = ("SHOUXIN_ISSUER", "https://idp.example");
    let uri = ("SHOUXIN_JWKS_URI", "https://idp.example/keys");
    let audience = ("SHOUXIN_AUDIENCE", "shouxin");
    let settings = load(&[issuer, uri, audience], Purpose::Anything).unwrap();
    assert_eq!(settings.issuers[0].issuer, "https://idp.example");
    assert!(load(&[issuer, audience], Purpose::Anything).is_err());
    let http = ("SHOUXIN_JWKS_URI", "http://127.0.0.1:9/keys");
    assert!(load(&[issuer, http, audience], Purpose::Anything).is_err());
    let allowed = ("SHOUXIN_ALLOW_HTTP_JWKS_ON_LOOPBACK", "true");
    assert!(load(&[issuer, http, audience, allowed], Purpose::Anything).is_ok());
    let both = (
        "SHOUXIN_ISSUERS",
        r#"[{"issuer":"https://i.example","jwks_uri":"https://i.example/k","audiences":["a"]}]"#,
    );
    assert!(load(&[issuer, uri, audience, both], Purpose::Anything).is_err());
}

#[test]
fn issuers_that_could_never_be_trusted_are_refused() {
    for entry in [
        r#"[{"issuer":"i","jwks_uri":"https://i/k","audiences":[]}]"#,
        r#"[{"issuer":"i","jwks_uri":"https://i/k","audiences":["a"],"algorithms":["HS256"]}]"#,
        r#"[{"issuer":"i","jwks_uri":"https://i/k","audiences":["a"],"algorithms":[]}]"#,
        r#"[{"issuer":"i","jwks_uri":"https://i/k","audiences":["a"],"lifetime_max_seconds":0}]"#,
        r#"[{"issuer":"i","jwks_uri":"https://i/k","audiences":["a"],"audience":"b"}]"#,
        r#"{"issuer":"i"}"#,
    ] {
        assert!(
            load(&[("SHOUXIN_ISSUERS", entry)], Purpose::Anything).is_err(),
            "{entry}"
        );
    }
}

#[test]
fn keys_come_from_a_variable_or_a_file_but_not_from_both() {
    let file = File::new("keys", &format!("{}\n", keys()));
    let path = file.0.display().to_string();
    let from_file = ("SHOUXIN_MASTER_KEYS_FILE", path.as_str());
    assert!(
        load(&[from_file], Purpose::Anything)
            .unwrap()
            .master_keys
            .is_some()
    );
    let text = keys();
    let wrong = load(
        &[from_file, ("SHOUXIN_MASTER_KEYS", &text)],
        Purpose::Anything,
    );
    assert!(wrong.unwrap_err()[0].why.contains("not both"));
    let nowhere = ("SHOUXIN_MASTER_KEYS_FILE", "/nowhere/at/all");
    let wrong = load(&[nowhere], Purpose::Work).unwrap_err();
    assert_eq!(wrong[0].name, "master_keys_file");
    assert!(wrong.iter().all(|wrong| wrong.name != "master_keys"));
}

#[test]
fn secrets_are_not_printed() {
    let text = keys();
    let settings = load(
        &[
            ("DATABASE_URL", "postgres://u:secret-word@h/d"),
            ("SHOUXIN_MASTER_KEYS", &text),
        ],
        Purpose::Anything,
    )
    .unwrap();
    let printed = format!("{settings:?}");
    assert!(!printed.contains("secret-word"), "{printed}");
    for secret in text
        .split(',')
        .map(|entry| entry.split_once(':').unwrap().1)
    {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn a_line_that_is_not_toml_is_not_quoted() {
    let file = File::new("broken.toml", "pool_size = 4\nmaster_keys = secret-word\n");
    let wrong = Settings::load(Some(&file.0), &Environment::of(&[]), Purpose::Anything);
    let message = wrong.unwrap_err().to_string();
    assert!(message.contains("line 2"), "{message}");
    assert!(!message.contains("secret-word"), "{message}");
}

#[test]
fn variables_of_kubernetes_services_are_left_alone() {
    let service = [
        ("SHOUXIN_SERVICE_HOST", "10.0.0.1"),
        ("SHOUXIN_SERVICE_PORT", "8080"),
        ("SHOUXIN_SERVICE_PORT_HTTP", "8080"),
        ("SHOUXIN_PORT", "tcp://10.0.0.1:8080"),
        ("SHOUXIN_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ];
    assert!(load(&service, Purpose::Anything).is_ok());
    assert!(load(&[("SHOUXIN_PORTS", "1")], Purpose::Anything).is_err());
}

#[test]
fn the_table_for_people_has_every_setting_once() {
    let text = table::markdown();
    assert_eq!(text.lines().count(), SETTINGS.len() + 2);
    let mut variables: Vec<_> = SETTINGS.iter().map(|setting| setting.variable).collect();
    variables.sort_unstable();
    variables.dedup();
    assert_eq!(variables.len(), SETTINGS.len());
}
