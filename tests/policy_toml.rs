//! Policies as files: what is refused, and on which line.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use tower_token_quota::Policy;
use tower_token_quota::policy::{PolicyBuilder, PolicyError, UnknownCalls};

/// A file with one tier, whose one limit stands on line 2.
fn tier(limit: &str) -> String {
    format!("[tiers.a]\nlimits = [ {{ {limit} }} ]")
}

fn refusal(text: &str) -> (Option<usize>, String) {
    let error = match Policy::from_toml(text) {
        Ok(_) => panic!("this is no policy:\n{text}"),
        Err(error) => error,
    };
    if let Some(line) = error.line() {
        assert!(
            error.to_string().starts_with(&format!("line {line}: ")),
            "{error}"
        );
    }
    assert!(!error.message().contains('\n'), "{error}");
    (error.line(), error.message().to_owned())
}

/// Limits that are refused, as they stand on line 2, and a part of what is said.
#[rustfmt::skip]
const WRONG_LIMITS: &[(&str, &str)] = &[
    // What is written
    ("unit = 'requests', amount = 1, per = 'day', colour = 'red'", "unknown field `colour`, expected one of `id`, `unit`"),
    ("amount = 1, per = 'day'", "missing field `unit`"),
    ("unit = 'tokns', amount = 1, per = 'day'", "unknown variant `tokns`, expected one of `requests`"),
    ("unit = 'tokens', per = 'day'", "the limit has no `amount`"),
    ("unit = 'tokens', amount = '10', per = 'day'", "without quotes"),
    ("unit = 'tokens', amount = 10.5, per = 'day'", "whole"),
    ("unit = 'tokens', amount = 1e3, per = 'day'", "whole"),
    ("unit = 'tokens', amount = -1, per = 'day'", "negative"),
    ("unit = 'tokens', amount = true, per = 'day'", "expected a whole number"),
    ("unit = 'tokens', amount = 1, per = 'year'", "unknown variant `year`"),
    ("unit = 'tokens', amount = 1, per = 'day', scope = 'user'", "expected a sequence"),
    ("unit = 'tokens', amount = 1, per = 'day', scope = ['team']", "unknown variant `team`"),
    ("unit = 'tokens', amount = 1, per = 'day', scope = []", "`scope` is empty"),
    ("unit = 'tokens', amount = 1, per = 'day', enforcement = 'firm'", "unknown variant `firm`"),
    ("unit = 'tokens', amount = 1, per = 'day', on_exhausted = 'wait'", "unknown variant `wait`, expected one of `refuse`, `downgrade`"),
    ("unit = 'tokens', amount = 1, per = 'day', on_exhausted = { text = 'no' }", "unknown field `text`, expected `reply`"),
    ("unit = 'tokens', amount = 1, per = 'day', on_exhausted = {}", "missing field `reply`"),
    ("unit = 'tokens', amount = 1, per = 'day', on_exhausted = 3", "`\"refuse\"`, `\"downgrade\"` or `{ reply"),
    ("unit = 'tokens', amount = 1, bucket = { capacity = 1, refill = 1, every = '1s' }", "write one of them"),
    ("unit = 'tokens', per = 'day', bucket = { capacity = 1, refill = 1, every = '1s' }", "not both"),
    ("unit = 'tokens', bucket = { capacity = 1, refill = 1 }", "missing field `every`"),
    ("unit = 'tokens', bucket = { capacity = 1, refill = 1, every = 1 }", "expected a string"),
    ("unit = 'tokens', bucket = { capacity = 1, refill = 1, every = '1 day' }", "a whole number with a unit"),
    ("unit = 'tokens', bucket = { capacity = 1, refill = 1, every = 's' }", "a whole number with a unit"),
    ("unit = 'tokens', bucket = { capacity = '1', refill = 1, every = '1s' }", "without quotes"),
    ("unit = 'tokens', amount = 1, per = 'day', on_store_failure = 'ajar'", "unknown variant `ajar`, expected one of `closed`, `open`, `local`"),
    ("unit = 'tokens', amount = 1, per = 'day', durability = 'never'", "unknown variant `never`, expected `reserve` or `settle`"),
    // What makes no sense
    ("unit = 'tokens', amount = 0, per = 'day'", "limit `a/tokens/day`: the amount is zero"),
    ("unit = 'tokens', amount = 1", "limit `a/tokens`: it has no window"),
    ("unit = 'tokens', bucket = { capacity = 0, refill = 1, every = '1s' }", "the amount is zero"),
    ("unit = 'tokens', bucket = { capacity = 1, refill = 0, every = '1s' }", "the refill is zero"),
    ("unit = 'tokens', bucket = { capacity = 1, refill = 1, every = '0s' }", "not in no time"),
    ("unit = 'tokens', bucket = { capacity = 1, refill = 1, every = '9999999999999999h' }", "a whole number with a unit"),
    ("unit = 'tokens', bucket = { capacity = 1, refill = 1, every = '9999999999999999s' }", "292,000 years"),
    ("unit = 'concurrent', amount = 1, per = 'day'", "has no window"),
    ("unit = 'concurrent', bucket = { capacity = 1, refill = 1, every = '1s' }", "has no window"),
    ("unit = 'concurrent', amount = 0", "limit `a/concurrent`: the amount is zero"),
    ("unit = 'tokens', amount = 1, per = 'day', models = []", "`models` is empty"),
    ("unit = 'tokens', amount = 1, per = 'day', models = ['']", "matches no model"),
    ("unit = 'tokens', amount = 1, per = 'day', models = ['a\"b']", "matches no model"),
    ("unit = 'tokens', amount = 1, per = 'day', id = ''", "name of a limit is empty"),
    ("unit = 'tokens', amount = 1, per = 'day', id = 'a\"b'", "printable ASCII"),
    ("unit = 'tokens', amount = 1, per = 'day', id = 'a\\b'", "printable ASCII"),
    ("unit = 'tokens', amount = 1, per = 'day', id = 'übrig'", "printable ASCII"),
    ("unit = 'tokens', amount = 1, per = 'day', id = \"a\\nb\"", "printable ASCII"),
    ("unit = 'tokens', amount = 1, per = 'day', on_exhausted = { reply = ' ' }", "the reply is empty"),
    ("unit = 'tokens', amount = 1, per = 'day', enforcement = 'soft', on_exhausted = 'downgrade'", "neither downgrade nor reply"),
    ("unit = 'tokens', amount = 1, per = 'day', enforcement = 'shadow', on_exhausted = { reply = 'no' }", "neither downgrade nor reply"),
    ("unit = 'tokens', amount = 1, per = 'day', models = ['gpt-4o'], on_exhausted = 'downgrade'", "there is no ladder"),
    // What comes later
    ("unit = 'usd', amount = '$5000', per = 'month'", "`$5000` is no amount of dollars"),
    ("amount = '5e3', per = 'month', unit = 'usd'", "`5e3` is no amount of dollars"),
    ("unit = 'usd', amount = '0.0000000001', per = 'month'", "no amount of dollars"),
    ("unit = 'usd', amount = 0.5, per = 'month'", "write dollars with decimals as text"),
    ("unit = 'usd', amount = -5, per = 'month'", "a negative amount pays for nothing"),
    ("unit = 'usd', amount = '0', per = 'month'", "the amount is zero"),
    ("unit = 'usd', amount = 20000000000, per = 'month'", "so many dollars cannot be counted"),
    ("unit = 'usd', amount = '5', per = 'month', alerts = [0]", "percents of the amount, from 1 to 100"),
    ("unit = 'usd', amount = '5', per = 'month', alerts = [50, 101]", "percents of the amount, from 1 to 100"),
    ("unit = 'usd', amount = '5', per = 'month', alerts = [300]", "percents of the amount, from 1 to 100"),
    ("unit = 'usd', amount = '5', per = 'month', alerts = '50'", "invalid type"),
    ("unit = 'usd', amount = '5', per = 'hour', alerts = [50]", "a bucket refills all the time"),
    ("unit = 'usd', amount = '5', per = 'month', on_exhausted = 'downgrade'", "there is no ladder to go down"),
];

#[test]
fn a_wrong_limit_is_refused_with_its_line() {
    for (limit, said) in WRONG_LIMITS {
        let (line, message) = refusal(&tier(limit));
        assert!(message.contains(said), "{limit}\nsays: {message}");
        assert_eq!(line, Some(2), "{limit}\nsays: {message}");
    }
}

const DAILY: &str = "unit = 'tokens', amount = 1, per = 'day'";

/// Files that are refused, the line that is at fault, and a part of what is said. `DAILY` stands for a limit.
#[rustfmt::skip]
const WRONG_FILES: &[(&str, usize, &str)] = &[
    ("[tiers.a]\nmodels = [\n", 2, "unclosed array"),
    ("[tiers.a]\non_provider_limit = { reply = ' ' }", 2, "tier `a`: the reply is empty"),
    ("[tiers.a]\non_provider_limit = { text = 'no' }", 2, "unknown field `text`"),
    ("[tiers.a]\non_provider_limit = 'no'", 2, "a reply such as `{ reply = "),
    ("[tiers.a]\n[alerts]\nwebhook = 'https://example.org'", 2, "unknown field `alerts`"),
    ("[tiers.a]\n\nmodels = hello", 3, "string values must be quoted"),
    ("[tiers.a]\n[tiers.a]", 2, "duplicate key"),
    ("[tiers.a]\nmax_n = 1\nmax_n = 2", 3, "duplicate key"),
    ("[tiers.a]\n[teirs.b]", 2, "unknown field `teirs`, expected one of `timezone`"),
    ("[tiers.a]\nmodel = ['gpt-4o']", 2, "unknown field `model`, expected one of `models`"),
    ("tiers = 3", 1, "expected a map"),
    ("[tiers]\na = 3", 2, "expected a tier's table"),
    ("[tiers.a]\nlimits = 3", 2, "expected a sequence"),
    ("[tiers.a]\nlimits = [ 3 ]", 2, "expected a limit such as"),
    ("[tiers.a]\nlimits = [ { DAILY },\n { DAILY } ]", 3, "limit `a/tokens/day`: another limit is of the same unit and window"),
    ("[tiers.a]\nlimits = [ { id = 'x', DAILY } ]\n[tiers.b]\nlimits = [ { id = 'x', DAILY } ]", 4, "limit `x`: another limit has this id"),
    ("[tiers.a]\nlimits = [ { id = 'x', DAILY } ]\n[organization]\nlimits = [ { id = 'x', DAILY } ]", 4, "limit `x`: another limit has this id"),
    ("[tiers.a]\nlimits = [ { id = 'x', DAILY } ]\n[organizations.o]\nlimits = [ { id = 'x', DAILY } ]", 4, "limit `x`: another limit has this id"),
    ("[tiers.a]\n[projects.p]\nlimits = [ { id = 'x', DAILY } ]\n[projects.q]\nlimits = [ { id = 'x', DAILY } ]", 5, "limit `x`: another limit has this id"),
    ("[tiers.a]\n[organization]\nlimits = [\n{ DAILY },\n{ DAILY } ]", 5, "same unit and window"),
    ("[tiers.a]\n[tiers.'a\"b']", 2, "printable ASCII"),
    ("[tiers.'']", 1, "name of a tier is empty"),
    ("[tiers.a]\n[projects.'a\\b']", 2, "printable ASCII"),
    ("[tiers.a]\n[organizations.'ö']", 2, "printable ASCII"),
    ("[tiers.a]\nmodels = []", 2, "tier `a`: `models` is empty"),
    ("[tiers.a]\nmodels = ['gpt-4o', '']", 2, "matches no model's name"),
    ("[tiers.a]\nladder = []", 2, "ladder without rungs"),
    ("[tiers.a]\nmodels = ['gpt-4o']\nladder = ['gpt-4o',\n'gpt-4o-mini']", 4, "rung `gpt-4o-mini` is not in the tier's `models`"),
    ("[tiers.a]\nladder = ['gpt-4o',\n'gpt-4o-mini',\n'openai/gpt-4o']", 4, "rung `openai/gpt-4o` stands in this ladder twice"),
    ("[tiers.a]\nladder = ['gpt-4o*']", 2, "rung `gpt-4o*` is no model's name"),
    ("[tiers.a]\nladder = ['']", 2, "rung `` is no model's name"),
    ("[tiers.a]\nladders = [ { models = ['gpt-*'] } ]", 2, "missing field `rungs`"),
    ("[tiers.a]\nladders = [ { models = [], rungs = ['gpt-4o'] } ]", 2, "ladder: `models` is empty"),
    ("[tiers.a]\nladders = [ { rungs = ['gpt-4o'] },\n{ models = ['claude-*'], rungs = ['gpt-4o'] } ]", 3, "can never apply"),
    ("[tiers.a]\nladders = [ { rungs = ['gpt-4o'] } ]\nladder = ['gpt-4o']", 3, "can never apply"),
    ("[tiers.a]\nladder = ['gpt-4o-mini']\nlimits = [ { DAILY, on_exhausted = 'downgrade' } ]", 3, "needs `models`"),
    ("[tiers.a]\nladder = ['gpt-4o-mini']\nlimits = [ { DAILY, models = ['gpt-4o*'], on_exhausted = 'downgrade' } ]", 3, "take in the rung `gpt-4o-mini`"),
    ("[tiers.a]\nladder = ['gpt-4o-mini']\nlimits = [ { unit = 'concurrent', amount = 1, on_exhausted = 'downgrade' } ]", 3, "needs `models`"),
    ("[tiers.a]\nladders = [ { models = ['claude-*'], rungs = ['claude-3-haiku'] } ]\nlimits = [ { DAILY, models = ['gpt-4o'], on_exhausted = 'downgrade' } ]", 3, "no ladder is for `gpt-4o`"),
    ("[tiers.a]\n[organization]\nlimits = [ { DAILY, models = ['gpt-4o'], on_exhausted = 'downgrade' } ]", 3, "there is no ladder"),
    ("[tiers.a]\nladder = ['gpt-4o']\n[projects.p]\nlimits = [ { DAILY, models = ['gpt-4o'], on_exhausted = 'downgrade' } ]", 4, "take in the rung `gpt-4o`"),
    ("[tiers.a]\nmax_n = 0", 2, "max_n is zero"),
    ("[tiers.a]\nmax_n = 'two'", 2, "without quotes"),
    ("[tiers.a]\nmax_output_tokens = 0", 2, "max_output_tokens is zero"),
    ("[tiers.a]\ndefault_output_tokens = 0", 2, "default_output_tokens is zero"),
    ("[tiers.a]\nmax_output_tokens = 5\ndefault_output_tokens = 6", 3, "more than max_output_tokens"),
    ("[tiers.a]\noutput_cap = 'maybe'", 2, "unknown variant `maybe`, expected `reserve` or `enforce`"),
    ("[tiers.a]\nreserve_output = 'usual'", 2, "unknown variant `usual`, expected `cap` or `typical`"),
    ("[tiers.a]\nmax_n = 1\nreserve_output = 512", 3, "string"),
    ("[tiers.a]\nopaque_input = 'refuse'", 2, "unknown variant `refuse`, expected one of `reserve_context`, `learned`, `reject`"),
    ("[tiers.a]\nmax_n = 1\nopaque_input = 'reserve-context'", 3, "unknown variant `reserve-context`"),
    ("[tiers.a]\nopaque_input = false", 2, "string"),
    ("opaque_input = 'reject'\n[tiers.a]", 1, "unknown field `opaque_input`"),
    ("[tiers.a]\nnot_allowed = 'maybe'", 2, "unknown variant `maybe`, expected `refuse` or `downgrade`"),
    ("[tiers.a]\nnot_allowed = 'downgrade'", 1, "tier `a`: calls for other models are to go down a ladder, but it has none"),
    ("unknown_calls = 'maybe'\n[tiers.a]", 1, "unknown variant `maybe`, expected one of `pass`, `count`, `reject`"),
    ("\ntimezone = 'Mars/Olympus'\n[tiers.a]", 2, "time zone `Mars/Olympus` is unknown"),
    ("timezone = 3\n[tiers.a]", 1, "expected a string"),
    ("[tiers.a]\n[aliases]\nfast = 'quick'\nquick = 'gpt-4o'", 3, "which is an alias itself"),
    ("[tiers.a]\n[aliases]\nfast = 'fast'", 3, "which is an alias itself"),
    ("[tiers.a]\n[aliases]\nfast = 'openai/Fast'", 3, "which is an alias itself"),
    ("[tiers.a]\n[aliases]\nfast = 'ft:'", 3, "stands for no model"),
    ("[tiers.a]\n[aliases]\nfast = ''", 3, "stands for no model"),
    ("[tiers.a]\n[aliases]\n'' = 'gpt-4o'", 3, "is no name"),
    ("[tiers.a]\n[aliases]\n'fast*' = 'gpt-4o'", 3, "is no name"),
    ("[tiers.a]\n[aliases]\nfast = 'gpt-4o'\nFast = 'gpt-4o'", 4, "is declared twice"),
    ("[tiers.a]\n[keys]\n'sk-1' = { tier = 'b' }", 3, "tier `b` is not in the policy"),
    ("[tiers.a]\n[projects.p]\n[keys]\n'sk-1' = { tier = 'a', project = 'q' }", 4, "project `q` is not declared"),
    ("[tiers.a]\n[keys]\n'sk-1' = { user = 'u' }", 3, "missing field `tier`"),
    ("[tiers.a]\n[keys.sk-1]\nuser = 'u'", 2, "missing field `tier`"),
    ("[tiers.a]\n[keys]\nsk-1.user = 'u'", 3, "missing field `tier`"),
    ("[tiers.a]\n[keys]\n'sk-1' = { tier = 'a', role = 'u' }", 3, "unknown field `role`, expected one of `user`"),
    ("[tiers.a]\n[keys]\nalice = 'sk-1'", 3, "expected a subject such as"),
    ("[tiers.a]\n[keys]\n'' = { tier = 'a' }", 3, "an API key is empty"),
    ("[tiers.a]\n[keys]\n'sha256:12' = { tier = 'a' }", 3, "64 hexadecimal digits"),
    ("[tiers.a]\n[organization]\nbudget = { per = 'month' }", 3, "missing field `usd`"),
    ("[tiers.a]\n[projects.p]\nbudget = { usd = '20', soft = '21' }", 3, "`soft` is more than the budget"),
    ("[tiers.a]\n[projects.p]\nbudget = { usd = '20', hard = '21' }", 3, "unknown field `hard`"),
    ("[tiers.a]\nbudget = 3", 2, "a budget such as"),
    ("[tiers.a]\n[organization]\nbudget = { usd = '10' }\n[projects.p]\nbudget = { usd = '6' }\n[projects.q]\nbudget = { usd = '4.01' }", 6, "add up to $10.01, and the organization has $10.00"),
    ("[tiers.a]\n[organizations.acme]\nbudget = { usd = '10' }\n[projects.p]\nbudget = { usd = '16' }", 4, "add up to $16.00"),
    ("unpriced = 'free'\n[tiers.a]", 1, "unknown variant `free`"),
    ("instances = 0\n[tiers.a]", 1, "at least 1"),
    ("instances = -2\n[tiers.a]", 1, "negative"),
    ("[tiers.a]\n[prices]\n\"m\" = { input = '1' }", 3, "missing field `output`"),
    ("[tiers.a]\n[prices]\n\"m\" = { output = '1' }", 3, "missing field `input`"),
    ("[tiers.a]\n[prices]\n\"m\" = { input = '1', output = 'two' }", 3, "a price is dollars as text"),
    ("[tiers.a]\n[prices]\n\"m\" = { input = 1, output = 2 }", 3, "invalid type"),
];

#[test]
fn a_wrong_file_is_refused_with_the_line_that_is_at_fault() {
    for (text, at, said) in WRONG_FILES {
        let text = text.replace("DAILY", DAILY);
        let (line, message) = refusal(&text);
        assert!(message.contains(said), "{text}\nsays: {message}");
        assert_eq!(line, Some(*at), "{text}\nsays: {message}");
    }
}

#[test]
fn a_limit_in_a_table_of_its_own_stands_where_its_header_does() {
    let (line, _) =
        refusal("[tiers.a]\n[[tiers.a.limits]]\nunit = 'requests'\namount = 0\nper = 'day'");
    assert_eq!(line, Some(2));
}

#[test]
fn a_file_without_tiers_is_refused() {
    let (line, message) = refusal("");
    assert_eq!(line, None);
    assert!(message.contains("at least one tier"), "{message}");
}

#[test]
fn a_key_that_stands_twice_is_refused_in_either_form() {
    let hash = "20ae21ef8f6d4f90d1d4ad8a2cdc04f1f86ba8ba4b06d4f8d6e7ad4dd7c1c3b8";
    let twice = format!(
        "[tiers.a]\n[keys]\n'sha256:{hash}' = {{ tier = 'a' }}\n'sha256:{}' = {{ tier = 'a' }}",
        hash.to_uppercase()
    );
    let (line, message) = refusal(&twice);
    assert_eq!(line, Some(4));
    assert!(message.contains("twice"), "{message}");
}

#[test]
fn no_message_repeats_a_key() {
    let wrong = [
        "[tiers.a]\n[keys]\n'SECRET' = { tier = 'b' }",
        "[tiers.a]\n[keys]\n'SECRET' = { tier = 'a', project = 3 }",
        "[tiers.a]\n[keys]\n'SECRET' = { tier = 'a' }\n'SECRET' = { tier = 'a' }",
        "[tiers.a]\n[keys]\n'sha256:SECRET' = { tier = 'a' }",
        "[tiers.a]\n[keys]\nalice = 'SECRET'",
        "[tiers.a]\n[keys]\nalice = ['SECRET']",
        "[tiers.a]\n[keys]\nSECRET alice = 3",
        "[tiers.a]\n[keys]\n'SECRET = { tier = 'a' }",
        "[tiers.a]\nkeys = { alice = SECRET }",
        "[tiers.a]\n[projects]\nSECRET = { tier = 'a' }",
        "[tiers]\nSECRET = { user = 'a', tier = 'a' }",
        "[tiers.a]\n[prices]\nSECRET = { tier = 'a' }",
        "[tiers.a]\n[aliases]\nSECRET = { tier = 'a' }",
    ];
    for text in wrong {
        let (_, message) = refusal(text);
        assert!(!message.contains("SECRET"), "{message}");
    }
}

#[test]
fn a_key_that_stands_elsewhere_is_sent_to_the_others_and_not_repeated() {
    let stray = [
        ("'SECRET' = { user = 'a', tier = 't' }\n[tiers.a]", 1),
        ("SECRET = { tier = 'a' }\n[tiers.a]", 1),
        ("[tiers.a]\n[SECRET]\nuser = 'a'", 2),
        ("SECRET.project = 'p'\nSECRET.tier = 'a'\n[tiers.a]", 1),
        ("\"\\u0053ECRET\" = { tier = 'a' }\n[tiers.a]", 1),
        (
            "[tiers.a]\nmax_n = 1\n'SECRET' = { user = 'a', tier = 'a' }",
            3,
        ),
        ("[tiers.a]\n[organization]\nSECRET = { tier = 'a' }", 3),
        ("[tiers.a]\n[projects.p]\nSECRET = { tier = 'a' }", 3),
        (
            "[tiers.a]\n[keys]\nx = { tier = 'a' }\n[keys.alice]\nSECRET = { tier = 'a' }",
            5,
        ),
    ];
    for (text, at) in stray {
        let (line, message) = refusal(text);
        assert!(!message.contains("SECRET"), "{text}\nsays: {message}");
        assert!(
            message.contains("under `[keys]`"),
            "{text}\nsays: {message}"
        );
        assert_eq!(line, Some(at), "{text}\nsays: {message}");
    }
    // Whatever a key of the usual form is given.
    for given in [
        "'pro'",
        "1",
        "{ teir = 'a' }",
        "{ project = 'p' }",
        "{ tier = 3 }",
    ] {
        for above in [
            "",
            "[tiers.a]\n",
            "[[tiers.a.limits]]\nunit = 'requests'\namount = 1\n",
            "[tiers.a]\n[organization]\n",
            "[[projects.p.limits]]\nunit = 'requests'\namount = 1\n",
        ] {
            let text = format!("{above}'sk-SECRET`, 1' = {given}");
            let (_, message) = refusal(&text);
            assert!(!message.contains("SECRET"), "{text}\nsays: {message}");
        }
    }
    // A tier may have such a name.
    let (_, message) = refusal("[tiers.user]\nmodel = 1\n[tiers.tier]");
    assert!(message.contains("unknown field `model`"), "{message}");
}

#[test]
fn the_first_of_several_mistakes_in_a_kind_is_the_one_that_is_named() {
    let (line, _) = refusal("[tiers.z]\nmax_n = 0\n[tiers.a]\nmax_n = 0");
    assert_eq!(line, Some(2));
}

fn junk() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("[tiers.a]".to_owned()),
        Just("limits = [ { unit = 'tokens', amount = 1, per = 'day' } ]".to_owned()),
        Just("[keys]".to_owned()),
        "[a-z\\[\\]{}='\",.0-9\\- \n]{0,12}",
        any::<String>(),
    ];
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.join("\n"))
}

proptest! {
    #[test]
    fn no_text_panics(text in junk()) {
        let _ = Policy::from_toml(&text);
    }
}

#[test]
fn a_default_of_code_gives_way_to_the_file() {
    let rule = |text: &str| {
        let written = PolicyBuilder::from_toml(&format!("{text}\n[tiers.a]")).expect("a policy");
        let policy = written.default_unknown_calls(UnknownCalls::Reject).build();
        policy.expect("a policy").unknown_calls()
    };
    assert_eq!(rule(""), UnknownCalls::Reject);
    assert_eq!(rule("unknown_calls = 'pass'"), UnknownCalls::Pass);
    assert_eq!(rule("unknown_calls = 'count'"), UnknownCalls::Count);
}

#[test]
fn sections_of_others_are_passed_over_and_lines_stay_what_they_are() {
    let read = |text: &str| {
        let policy = PolicyBuilder::from_toml_beside(text, &["alerts", "listen"])?.build()?;
        Ok::<_, PolicyError>(format!("{policy:?}"))
    };
    let alone = read("[tiers.a]").unwrap();
    for beside in [
        "listen = 'here'\n[tiers.a]\n[alerts]\nwebhook = 'x'\n[alerts.more]\nx = 1",
        "alerts = { webhook = 'x' }\n[tiers.a]",
        "alerts.webhook = 'x'\nlisten = [1, 2]\n[tiers.a]",
        "[[alerts]]\n[[alerts]]\n[tiers.a]",
    ] {
        assert_eq!(read(beside).unwrap(), alone, "{beside}");
    }
    let wrong = [
        (
            "[alerts]\nx = 1\n[tiers.a]\n[other]",
            4,
            "unknown field `other`",
        ),
        ("[alerts]\nx = 1\n[tiers.a]\nladder = 1", 4, "invalid type"),
        ("[alerts]\nx = 1\n[tiers.a]\nmax_n = 0", 4, "max_n is zero"),
        (
            "[alerts]\nx = \n[tiers.a]",
            2,
            "string values must be quoted",
        ),
        ("[tiers.a]\nalerts = 1", 2, "unknown field `alerts`"),
        (
            "[tiers.a]\n[alert]",
            2,
            "unknown field `alert`, expected one of `timezone`",
        ),
        ("[tiers.a]\n[alert]", 2, "`keys`, `alerts`, `listen`"),
    ];
    for (text, line, said) in wrong {
        let error = read(text).unwrap_err();
        assert_eq!(error.line(), Some(line), "{text}\nsays: {error}");
        assert!(error.message().contains(said), "{text}\nsays: {error}");
    }
}

#[test]
fn a_section_of_others_is_named_to_those_only_who_have_it() {
    let error = PolicyBuilder::from_toml("[tiers.a]\n[alert]").unwrap_err();
    assert_eq!(error.line(), Some(2));
    assert!(error.message().ends_with("`tiers`, `keys`"), "{error}");
}
