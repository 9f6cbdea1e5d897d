//! What is wrong with a settings file, word for word.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use linkseal_milter::settings::Settings;

const GOOD: &str = r#"listen = "inet:8894@127.0.0.1"

[domains."example.com"]
tracking_host = "link.example.com"
signing_key = { id = 2, file = "KEY" }
"#;

/// Loads settings in which one text stands in for another. Paths in the message are cut to file names.
#[track_caller]
fn error(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    error_of(&GOOD.replacen(from, to, 1))
}

fn error_of(settings: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned() + "/";
    write_key(&folder.path().join("KEY"), &"42".repeat(32), 0o600);
    write_key(&folder.path().join("OPEN"), &"42".repeat(32), 0o640);
    write_key(&folder.path().join("SHORT"), "42", 0o400);
    write_key(
        &folder.path().join("WORDS"),
        "correct horse battery staple",
        0o400,
    );
    let file = folder.path().join("milter.toml");
    let names = ["KEY", "OPEN", "SHORT", "WORDS", "NOWHERE"];
    let settings = names.iter().fold(settings.to_owned(), |text, name| {
        text.replace(&format!("\"{name}\""), &format!("\"{path}{name}\""))
    });
    fs::write(&file, settings).unwrap();
    let error = Settings::load(&file).unwrap_err();
    error.to_string().replace(&path, "")
}

fn write_key(file: &Path, digits: &str, mode: u32) {
    fs::write(file, digits.to_owned() + "\n").unwrap();
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn file_itself() {
    assert_eq!(
        Settings::load(Path::new("nowhere.toml"))
            .unwrap_err()
            .to_string(),
        "nowhere.toml: No such file or directory (os error 2), expected a settings file that can be read"
    );
    assert_eq!(
        error("[domains", "[[domains"),
        "milter.toml:3: unclosed array table, expected `]`"
    );
    assert_eq!(
        error("listen = ", "listen "),
        "milter.toml:1: key with no value, expected `=`"
    );
    assert_eq!(
        error("listen = \"inet:8894@127.0.0.1\"", ""),
        "milter.toml:1: missing field `listen`, expected it to be set"
    );
    assert_eq!(
        error_of("listen = \"inet:8894@127.0.0.1\""),
        "milter.toml: domains: there is no sending domain, expected a table such as `[domains.\"example.com\"]`"
    );
}

#[test]
fn values_of_the_milter() {
    let at_top = |line: &str| error("listen", &format!("{line}\nlisten"));
    assert_eq!(
        error("inet:8894@127.0.0.1", "8894"),
        "milter.toml:1: listen: `8894` is no address to listen on, expected `inet:PORT@HOST`, `HOST:PORT` or \
         `unix:/PATH`"
    );
    assert_eq!(
        at_top("networks = [\"10.0.0.0/8\", \"10.0.0.0/33\"]"),
        "milter.toml:1: networks: `10.0.0.0/33` is not a network, expected one such as `192.0.2.0/24`, or an address"
    );
    assert_eq!(
        at_top("on_error = \"reject\""),
        "milter.toml:1: on_error: unknown variant `reject`, expected `pass` or `tempfail`"
    );
    assert_eq!(
        at_top("time_limit_ms = 0"),
        "milter.toml:1: time_limit_ms: invalid value: integer `0`, expected a nonzero u64"
    );
    assert_eq!(
        at_top("metrics = \"localhost\""),
        "milter.toml:1: metrics: `localhost` is no address to listen on, expected one such as `127.0.0.1:9464`"
    );
    assert_eq!(
        at_top("retries = 3"),
        "milter.toml:1: retries: unknown field `retries`, expected one of `domains`, `listen`, `local_submission`, \
         `max_connections`, `max_message_bytes`, `metrics`, `networks`, `on_error`, `socket_mode`, `time_limit_ms`"
    );
}

#[test]
fn values_of_a_domain() {
    let in_table = |line: &str| error("tracking_host", &format!("{line}\ntracking_host"));
    assert_eq!(
        error("[domains.\"example.com\"]", "[domains.\"exa mple.com\"]"),
        "milter.toml: domains.\"exa mple.com\": `exa mple.com` is not a domain name, expected one such as \
         `link.example.com`"
    );
    assert_eq!(
        error("link.example.com", "link.evil.example"),
        "milter.toml: domains.\"example.com\".tracking_host: tracking host `link.evil.example` is not a subdomain of \
         the sending domain `example.com`"
    );
    assert_eq!(
        in_table("click_tracking = \"yes\""),
        "milter.toml:4: domains.\"example.com\".click_tracking: tracking level `yes` is unknown, expected one of: \
         off, anonymous, identified"
    );
    assert_eq!(
        in_table("recipient_header = \"X Recipient\""),
        "milter.toml: domains.\"example.com\".recipient_header: `X Recipient` is not the name of a header field, \
         expected letters, digits and hyphens such as `X-Recipient-Id`"
    );
    assert_eq!(
        in_table("excluded_hosts = [\"https://x\"]"),
        "milter.toml: domains.\"example.com\".excluded_hosts: excluded host `https://x` is not usable, expected a \
         domain name, an IP address, or `*.` before a domain name"
    );
    assert_eq!(
        error_of(&format!(
            "{GOOD}\n[domains.\"EXAMPLE.com\"]\n{}",
            GOOD.split("]\n").nth(1).unwrap()
        )),
        "milter.toml: domains.\"example.com\": the domain has a table already, expected one for each domain"
    );
}

#[test]
fn links_of_a_domain() {
    let in_table = |line: &str| error("tracking_host", &format!("{line}\ntracking_host"));
    let place = "milter.toml: domains.\"example.com\"";
    assert_eq!(
        in_table(
            "link_parameters = { parameters = [{ name = \"utm_source\", value = \"news\" }] }"
        ),
        format!(
            "{place}.link_parameters: campaign parameters have no hosts, expected those whose links may get them"
        )
    );
    assert_eq!(
        in_table(
            "link_parameters = { hosts = [\"a.example\"], signing_names = [\"hmac\"], name_parameter = \"HMAC\" }"
        ),
        format!(
            "{place}.link_parameters: campaign parameter `HMAC` is a name of signed queries, expected one that signs \
             nothing"
        )
    );
    assert_eq!(
        in_table("link_parameters = { hosts = [\"a.example\"], parameters = [{ name = \"a\" }] }"),
        "milter.toml:4: domains.\"example.com\".link_parameters.parameters[0]: missing field `value`, expected it to \
         be set"
    );
    assert_eq!(
        in_table("tracking_header = \"X Level\""),
        format!(
            "{place}.tracking_header: `X Level` is not the name of a header field, expected letters, digits and \
             hyphens such as `X-Recipient-Id`"
        )
    );
    assert_eq!(
        in_table("recipient_header = \"X-Id\"\ntracking_header = \"x-id\""),
        format!(
            "{place}.tracking_header: `x-id` is the recipient header too, expected a field of its own"
        )
    );
}

#[test]
fn keys() {
    let with_key = |key: &str| error("{ id = 2, file = \"KEY\" }", key);
    let place = "milter.toml: domains.\"example.com\".signing_key:";
    for (key, message) in [
        (
            "{ id = 2, file = \"OPEN\" }",
            "key file `OPEN` has mode 0640, expected no access for group and others, such as 0600",
        ),
        (
            "{ id = 2, file = \"NOWHERE\" }",
            "key file `NOWHERE`: No such file or directory (os error 2), expected a file that can be read",
        ),
        (
            "{ id = 2, file = \"SHORT\" }",
            "key file `SHORT`: signing key is 1 byte, expected at least 32",
        ),
        (
            "{ id = 2, file = \"WORDS\" }",
            "key file `WORDS`: signing key is not hexadecimal, expected two digits for each byte",
        ),
        (
            "{ id = 2, env = \"LINKSEAL_NO_SUCH_KEY\" }",
            "environment variable `LINKSEAL_NO_SUCH_KEY`: environment variable not found, expected a secret in \
             hexadecimal digits",
        ),
        (
            "{ id = 2 }",
            "none of `file` and `env`, expected exactly one of them",
        ),
        (
            "{ id = 2, file = \"KEY\", env = \"X\" }",
            "both of `file` and `env`, expected exactly one of them",
        ),
    ] {
        assert_eq!(with_key(key), format!("{place} {message}"));
    }
    assert_eq!(
        with_key("{ file = \"KEY\" }"),
        "milter.toml:5: domains.\"example.com\".signing_key: missing field `id`, expected it to be set"
    );
}

#[test]
fn further_keys() {
    let in_table = |line: &str| error("tracking_host", &format!("{line}\ntracking_host"));
    assert_eq!(
        in_table("retired_keys = [{ id = 1, file = \"KEY\" }, { id = 2, file = \"KEY\" }]"),
        "milter.toml: domains.\"example.com\".retired_keys[1]: key id 2 is used twice for example.com, expected each \
         key to have its own id"
    );
    assert_eq!(
        in_table("recipient_key = { file = \"SHORT\" }"),
        "milter.toml: domains.\"example.com\".recipient_key: key file `SHORT`: signing key is 1 byte, expected at \
         least 32"
    );
}

#[test]
fn secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("KEY");
    write_key(&key, &"5a".repeat(32), 0o600);
    let file = folder.path().join("milter.toml");
    let path = key.to_str().unwrap();
    let settings =
        GOOD.replace("KEY", path) + &format!("recipient_key = {{ file = \"{path}\" }}\n");
    fs::write(&file, settings).unwrap();
    let shown = format!("{:?}", Settings::load(&file).unwrap());
    assert!(
        shown.contains("RecipientKey") && !shown.contains("5a5a") && !shown.contains("90, 90"),
        "{shown}"
    );
}

#[test]
fn example_file_is_usable() {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../milter.toml");
    let path = folder.path().to_str().unwrap();
    let text = text.replace("/etc/linkseal", path);
    for name in ["example.com.key", "example.com.old.key", "recipients.key"] {
        write_key(&folder.path().join(name), &"42".repeat(32), 0o600);
    }
    // What is commented out is usable too.
    let all = text.lines().map(|line| match line.strip_prefix("#") {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    for (name, text) in [
        ("as-is", text.clone()),
        ("all", all.collect::<Vec<_>>().join("\n")),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, &text).unwrap();
        Settings::load(&file).unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}
