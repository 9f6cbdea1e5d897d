use super::*;

fn spliced(body: &str, list: &[(Range<usize>, &str)]) -> Option<String> {
    let mut edits = Edits::default();
    for (old, new) in list {
        edits.push(old.clone(), new.as_bytes());
    }
    let document = decode(body.as_bytes());
    let mut expected = Vec::new();
    edits.apply(&document, 0, |piece| expected.extend_from_slice(piece));
    let mut spliced = Vec::new();
    splice(body.as_bytes(), &edits, b"\r\n", &mut spliced)?;
    assert_eq!(decode(&spliced), expected, "{body:?} {list:?}");
    Some(String::from_utf8(spliced).unwrap())
}

#[track_caller]
fn assert_spliced(body: &str, list: &[(Range<usize>, &str)], expected: &str) {
    assert_eq!(spliced(body, list).as_deref(), Some(expected), "{body:?}");
}

#[test]
fn bodies_are_decoded_as_most_readers_do() {
    for (body, expected) in [
        ("a=3D=e9=\r\nb\r\n", &b"a=\xe9b\r\n"[..]),
        ("a =  \nb", b"a b"),
        ("a \t\nb=", b"a \t\nb"),
        ("=zz=4=", b"=zz=4"),
        ("a\rb\n\n", b"a\rb\n\n"),
        ("", b""),
    ] {
        assert_eq!(decode(body.as_bytes()), expected, "{body:?}");
    }
}

#[test]
fn only_lines_with_an_edit_change() {
    assert_spliced(
        "a=3d\nb=3d\nc=3d\n",
        &[(3..4, "x=")],
        "a=3d\nx=3D=3d\nc=3d\n",
    );
    assert_spliced("ab=\ncd=\nef", &[(2..3, "x")], "ab=\nxd=\nef");
    assert_spliced("ab=\ncd=\nef", &[(1..5, "x")], "axf");
    assert_spliced("ab\r\ncd\r\n", &[(1..4, "")], "a=\r\ncd\r\n");
    assert_spliced("ab\r\ncd\r\n", &[(1..5, "")], "ad\r\n");
    assert_spliced("ab\r\ncd", &[(2..4, "")], "ab=\r\ncd");
    assert_spliced("ab\r\ncd", &[(2..3, "")], "ab\ncd");
    assert_spliced("ab\r\ncd", &[(3..4, "")], "ab=0D=\r\ncd");
    assert_spliced(
        "ab\ncd\nef\n",
        &[(0..1, "x"), (2..2, "y"), (6..6, "z")],
        "xby\ncd\nzef\n",
    );
}

#[test]
fn edits_at_the_end_are_written() {
    assert_spliced("", &[(0..0, "x")], "x");
    assert_spliced("ab\n", &[(3..3, "x")], "ab\nx");
    assert_spliced("ab", &[(2..2, "x")], "abx");
    assert_spliced("ab=\n", &[(2..2, "x")], "ab=\nx");
    assert_spliced("ab=\n=\n", &[(2..2, "x")], "ab=\n=\nx");
}

#[test]
fn new_bytes_are_escaped_where_they_must_be() {
    assert_spliced("ab\n", &[(1..1, "\u{e9}= \t")], "a=C3=A9=3D \tb\n");
    assert_spliced("ab\n", &[(2..2, " ")], "ab=20\n");
    assert_spliced("ab\r\n", &[(2..2, "\t")], "ab=09\r\n");
    assert_spliced("ab ", &[(1..2, "c")], "ac=20");
    assert_spliced("ab\n", &[(1..1, "\r\n \nx")], "a\r\n=20\nxb\n");
    assert_spliced("a b\n", &[(2..3, "")], "a=20\n");
}

#[test]
fn a_line_never_starts_with_what_means_something_there() {
    assert_spliced("xa\n", &[(0..1, ".")], "=2Ea\n");
    assert_spliced("x-a\n", &[(0..1, "")], "=2Da\n");
    assert_spliced("--a\n", &[(2..3, "b")], "--b\n");
    let body = format!("{}\n", "x".repeat(75));
    assert_spliced(
        &body,
        &[(75..75, "--b")],
        &format!("{}=\n=2D-b\n", "x".repeat(75)),
    );
    assert_spliced(
        &body,
        &[(75..75, "From ")],
        &format!("{}=\n=46rom=20\n", "x".repeat(75)),
    );
}

#[test]
fn lines_are_wrapped_outside_of_escapes() {
    for before in 60..80 {
        let body = format!("{}=3D=3D\r\n", "x".repeat(before));
        for new in ["=", "abc", "===================================="] {
            let out = spliced(&body, &[(before..before, new)]).unwrap();
            let longest = out.lines().map(str::len).max().unwrap();
            assert!(longest <= (before + 6).max(76), "{out}");
            for line in out.lines() {
                let escape = line
                    .strip_suffix('=')
                    .unwrap_or(line)
                    .rsplit('=')
                    .next()
                    .unwrap();
                assert!(
                    escape.starts_with("3D") || escape == line.trim_end_matches('='),
                    "{out}"
                );
            }
        }
    }
}

#[test]
fn what_readers_differ_on_is_left_as_it_is() {
    assert_eq!(spliced("a= \nb\n", &[(0..1, "x")]), None);
    assert_eq!(spliced("a=x\n", &[(0..1, "x")]), None);
    assert_spliced("a= \nb\n==\nc\n", &[(4..5, "x")], "a= \nb\n==\nx\n");
}
