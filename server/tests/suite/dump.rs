//! All that is stored, to be searched for what must not be there.

use std::path::Path;

use sqlx::AssertSqlSafe;

use crate::tables::{Tables, on};

/// Everything that the tables hold, as text; bytes in hexadecimal.
pub(crate) async fn dump(tables: &Tables) -> String {
    let (names, row) = match tables {
        Tables::Sqlite(_) => (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            "",
        ),
        Tables::Postgres(_) => (
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
            "CAST(t AS TEXT)",
        ),
    };
    let names: Vec<String> =
        on!(tables, pool => sqlx::query_scalar(AssertSqlSafe(names)).fetch_all(pool));
    assert!(names.len() > 10, "{names:?}");
    let mut all = String::new();
    for name in names {
        let row = match tables {
            Tables::Postgres(_) => row.to_owned(),
            Tables::Sqlite(pool) => {
                let sql = format!(
                    "SELECT group_concat('quote(' || name || ')', ' || ' || quote(' ') || ' || ') FROM pragma_table_info('{name}')"
                );
                let columns = sqlx::query_scalar(AssertSqlSafe(sql));
                columns.fetch_one(pool).await.unwrap()
            }
        };
        let sql = format!("SELECT {row} FROM {name} t");
        let rows: Vec<String> =
            on!(tables, pool => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool));
        all.push_str(&format!("{name}:\n{}\n", rows.join("\n")));
    }
    all
}

/// How they are written where a dump has bytes.
pub(crate) fn spellings(word: &str) -> [String; 3] {
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    [word.to_owned(), hex.to_uppercase(), hex]
}

#[track_caller]
pub(crate) fn assert_nowhere(words: &[&str], text: &str, place: &str) {
    for word in words {
        for spelling in spellings(word) {
            let found = text.find(&spelling).map(|start| {
                let start = text.floor_char_boundary(start.saturating_sub(300));
                text[start..].chars().take(600).collect::<String>()
            });
            assert_eq!(found, None, "{word} in {place}");
        }
    }
}

pub(crate) fn files_of(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).unwrap();
    let files = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    files
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            (
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        })
        .collect()
}
