//! Which hosts may present a token.
//!
//! A redirect tells the reader of a mail that whoever owns the host stands for where it leads. All domains'
//! hosts end at this server, and a customer can sign a link to anywhere: were it answered on every host, a
//! phisher with an account could send links on a bank's tracking host. So a token counts on its own sending
//! domain, on that domain's subdomains, and on the service's default host, which vouches for nobody.
//!
//! A request that names no host (HTTP/1.0) is answered: nobody gets one out of a link in a mail.

/// Whether a host, without a port, may present tokens of a sending domain. Both `domain` and `default_host`
/// are in lower case and punycode.
pub(super) fn may_present(asked: Option<&[u8]>, domain: &str, default_host: Option<&str>) -> bool {
    let Some(host) = asked else {
        return true;
    };
    default_host.is_some_and(|default| host.eq_ignore_ascii_case(default.as_bytes()))
        || is_within(host, domain.as_bytes())
}

fn is_within(host: &[u8], domain: &[u8]) -> bool {
    let Some((before, end)) = host
        .len()
        .checked_sub(domain.len())
        .and_then(|at| host.split_at_checked(at))
    else {
        return false;
    };
    end.eq_ignore_ascii_case(domain)
        && (before.is_empty() || (before.len() > 1 && before.ends_with(b".")))
}

#[cfg(test)]
mod tests {
    use super::may_present;
    use crate::peer::bare_host;

    #[test]
    fn a_token_counts_on_its_domain_and_on_the_default_host_only() {
        let rows = [
            ("example.com", true),
            ("EXAMPLE.com", true),
            ("link.example.com", true),
            ("a.b.Example.COM:8443", true),
            ("link.example.com.", true),
            ("link.example.com.:443", true),
            ("track.service.example", true),
            ("Track.Service.Example.:80", true),
            ("evilexample.com", false),
            (".example.com", false),
            ("example.com.evil.example", false),
            ("sub.track.service.example", false),
            ("service.example", false),
            ("com", false),
            ("", false),
            (":80", false),
            ("[::1]:80", false),
            ("127.0.0.1", false),
            ("evil.example:80@example.com", false),
            ("link.other.example", false),
        ];
        for (host, expected) in rows {
            let asked = Some(bare_host(host.as_bytes()));
            let verdict = may_present(asked, "example.com", Some("track.service.example"));
            assert_eq!(verdict, expected, "{host}");
        }
        assert!(!may_present(Some(b"\xff\xfe"), "example.com", None));
        assert!(may_present(None, "example.com", None), "HTTP/1.0");
    }
}
