//! No float stands in any path of money.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_float_stands_in_any_path_of_money() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<_> = [
        "money.rs",
        "percent.rs",
        "decimal.rs",
        "usage.rs",
        "settle.rs",
        "watch/event.rs",
        "watch/from_store.rs",
        "watch/increase.rs",
        "watch/ledger.rs",
        "watch/month.rs",
        "watch/record.rs",
        "watch/records.rs",
        "watch/report.rs",
        "../examples/budgets.rs",
    ]
    .map(|file| src.join(file))
    .into();
    for folder in [
        "prices",
        "quota",
        "settle",
        "store",
        "policy/check",
        "reject",
    ] {
        sources(&src.join(folder), &mut files);
    }
    assert!(files.len() > 60, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for bits in ["64", "32", "16", "128"] {
            assert!(!text.contains(&format!("f{bits}")), "{}", file.display());
        }
        assert!(
            !text.contains(concat!("as_", "float")),
            "{}",
            file.display()
        );
    }
}
