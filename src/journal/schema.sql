-- The journal's file. Money is whole nano-dollars, times are microseconds since the Unix epoch, days and months are those of the
-- policy's time zone. Read it with any SQLite: the views at the end are made for that, the tables may change with its version.

-- The one row of what is known of the whole.
CREATE TABLE journal (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    since  INTEGER,          -- when the first call was admitted
    until  INTEGER,          -- when anything was last heard of
    zone   TEXT NOT NULL     -- the time zone, by its IANA name
);

-- The day, week and month that run. Those that ended by closed_until stay closed.
CREATE TABLE periods (
    period       TEXT PRIMARY KEY,
    id           TEXT NOT NULL,
    starts_at    INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    closed_until INTEGER NOT NULL
) WITHOUT ROWID;

-- Under which terms a counter was charged, as JSON: each once, because entries name them again and again.
CREATE TABLE terms (
    id      INTEGER PRIMARY KEY,
    counter TEXT NOT NULL,
    terms   TEXT NOT NULL
);
CREATE INDEX terms_of ON terms (counter);

-- Holds, written before their calls are made. Never changed. What a hold is booked at if nobody ever says what its call used is
-- in it: [terms, amount, booked before] for each counter.
CREATE TABLE holds (
    hold                   BLOB PRIMARY KEY,
    at                     INTEGER NOT NULL,
    organization           TEXT NOT NULL,
    project                TEXT,
    user                   TEXT,
    tier                   TEXT,
    api                    TEXT,
    asked                  TEXT,
    model                  TEXT,
    reserved_input_tokens  INTEGER,
    reserved_output_tokens INTEGER,
    input_tokens           INTEGER,
    output_tokens          INTEGER,
    cost                   INTEGER,
    bookings               TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX holds_at ON holds (at);

-- What was booked, in order. Never changed. The balances are the fold of it: each entry's bookings, as above, one after the other.
CREATE TABLE entries (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,  -- settled, credit, debit, reset, would_block
    hold     BLOB,           -- whose call it was
    bookings TEXT NOT NULL
);
CREATE UNIQUE INDEX entries_of ON entries (hold, kind) WHERE hold IS NOT NULL;

-- What counters stand at, each for its period.
CREATE TABLE balances (
    id           INTEGER PRIMARY KEY,
    counter      TEXT NOT NULL UNIQUE,
    limit_id     TEXT NOT NULL,
    unit         TEXT,
    organization TEXT NOT NULL,
    project      TEXT,
    user         TEXT,
    model        TEXT,
    period       TEXT,
    used         INTEGER NOT NULL,
    amount       INTEGER NOT NULL,
    crossed      TEXT NOT NULL,     -- the thresholds that were told of, in percent
    ends_at      INTEGER,           -- when the period ends, or the hour in which the bucket leaks dry
    seq          INTEGER NOT NULL,  -- the last entry that changed it
    terms        INTEGER NOT NULL,  -- under which it was charged last, by their number
    state        TEXT NOT NULL,     -- all that is counted, as JSON
    base         TEXT               -- the same before the first entry that is still kept
);
CREATE INDEX balances_ended ON balances (ends_at);

-- One record for each settled call, and one more for each correction, which says what it replaces.
CREATE TABLE records (
    seq                        INTEGER PRIMARY KEY,  -- in the order of their settlements
    hold                       BLOB NOT NULL,
    at                         INTEGER NOT NULL,
    admitted_at                INTEGER NOT NULL,
    day                        TEXT NOT NULL,
    month                      TEXT NOT NULL,
    organization               TEXT NOT NULL,
    project                    TEXT,
    user                       TEXT,
    tier                       TEXT NOT NULL,
    api                        TEXT,
    asked                      TEXT NOT NULL,
    model                      TEXT NOT NULL,
    input_tokens               INTEGER NOT NULL,
    output_tokens              INTEGER NOT NULL,
    cached_input_tokens        INTEGER NOT NULL,
    cache_write_tokens         INTEGER NOT NULL,
    cache_write_1h_tokens      INTEGER NOT NULL,
    tool_use_input_tokens      INTEGER NOT NULL,
    reasoning_tokens           INTEGER NOT NULL,
    audio_input_tokens         INTEGER NOT NULL,
    audio_output_tokens        INTEGER NOT NULL,
    accepted_prediction_tokens INTEGER NOT NULL,
    rejected_prediction_tokens INTEGER NOT NULL,
    web_searches               INTEGER NOT NULL,
    service_tier               TEXT,
    cost                       INTEGER NOT NULL,
    unpriced                   TEXT NOT NULL,
    basis                      TEXT NOT NULL,  -- reported, counted, nothing_ran, unreconciled
    replaces                   BLOB,           -- the hold of the record that this one stands in place of, and what that had booked
    replaced_input_tokens      INTEGER NOT NULL,
    replaced_output_tokens     INTEGER NOT NULL,
    replaced_cost              INTEGER NOT NULL
);
CREATE INDEX records_replaced ON records (replaces) WHERE replaces IS NOT NULL;

-- What calls have cost, month by month. Kept for ever.
CREATE TABLE totals (
    month               TEXT NOT NULL,
    organization        TEXT NOT NULL,
    project             TEXT,
    model               TEXT NOT NULL,
    calls               INTEGER NOT NULL,
    input_tokens        INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    output_tokens       INTEGER NOT NULL,
    cost                INTEGER NOT NULL,
    unreconciled        INTEGER NOT NULL,
    unpriced_calls      INTEGER NOT NULL,
    downgraded_calls    INTEGER NOT NULL,  -- calls that asked for this model and were given a cheaper one
    downgraded_saved    INTEGER NOT NULL   -- what they would have cost more
);
-- A project without a name is not no project.
CREATE UNIQUE INDEX totals_of ON totals (month, organization, ifnull(project, x''), model);

-- What each project has cost each month. usd is exact, to the last nano-dollar. Dollars and the rest are summed apart, and tokens
-- as floats: sums of integers fail where they are too large.
CREATE VIEW spend_by_project AS
SELECT month, organization, project, sum(calls) AS calls, CAST(total(input_tokens) AS INTEGER) AS input_tokens, CAST(total(output_tokens) AS INTEGER) AS output_tokens,
       printf('%d.%09d', sum(cost / 1000000000) + sum(cost % 1000000000) / 1000000000, sum(cost % 1000000000) % 1000000000) AS usd,
       printf('%d.%09d', sum(unreconciled / 1000000000) + sum(unreconciled % 1000000000) / 1000000000, sum(unreconciled % 1000000000) % 1000000000) AS unreconciled_usd
FROM totals
GROUP BY month, organization, project
ORDER BY month, organization, project;

-- What each model has cost each month. One that was asked for and never called has a row of totals, with what that saved, and none here.
CREATE VIEW spend_by_model AS
SELECT month, organization, model, sum(calls) AS calls, CAST(total(input_tokens) AS INTEGER) AS input_tokens, CAST(total(output_tokens) AS INTEGER) AS output_tokens,
       printf('%d.%09d', sum(cost / 1000000000) + sum(cost % 1000000000) / 1000000000, sum(cost % 1000000000) % 1000000000) AS usd,
       printf('%d.%09d', sum(unreconciled / 1000000000) + sum(unreconciled % 1000000000) / 1000000000, sum(unreconciled % 1000000000) % 1000000000) AS unreconciled_usd
FROM totals
WHERE calls <> 0 OR cost <> 0
GROUP BY month, organization, model
ORDER BY month, organization, model;

-- What each user has cost each day, as far back as records are kept.
CREATE VIEW spend_by_user AS
SELECT day, organization, user, calls, input_tokens, output_tokens,
       printf('%d.%09d', dollars + nanos / 1000000000 - (nanos % 1000000000 < 0), (nanos % 1000000000 + 1000000000) % 1000000000) AS usd
FROM (
    SELECT day, organization, user, count(*) - count(replaces) AS calls,
           CAST(total(input_tokens - replaced_input_tokens) AS INTEGER) AS input_tokens,
           CAST(total(output_tokens - replaced_output_tokens) AS INTEGER) AS output_tokens,
           sum((cost - replaced_cost) / 1000000000) AS dollars, sum((cost - replaced_cost) % 1000000000) AS nanos
    FROM records
    GROUP BY day, organization, user
)
ORDER BY day, organization, user;

-- Calls under way; after a crash, those that were. usd is the most that they may cost.
CREATE VIEW open_holds AS
SELECT lower(hex(hold)) AS hold, strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000000, 'unixepoch') AS since, organization, project, user,
       model, input_tokens, output_tokens,
       CASE WHEN cost IS NOT NULL THEN printf('%d.%09d', cost / 1000000000, cost % 1000000000) END AS usd
FROM holds
WHERE NOT EXISTS (SELECT 1 FROM entries WHERE entries.hold = holds.hold AND kind = 'settled')
ORDER BY at;

-- Calls of which nobody knows what they used: the most that they may have is booked. Those that were corrected since are not in it.
CREATE VIEW unreconciled_holds AS
SELECT lower(hex(hold)) AS hold, strftime('%Y-%m-%dT%H:%M:%SZ', admitted_at / 1000000, 'unixepoch') AS since, organization, project,
       user, model, input_tokens, output_tokens, printf('%d.%09d', cost / 1000000000, cost % 1000000000) AS usd
FROM records AS record
WHERE basis = 'unreconciled' AND NOT EXISTS (SELECT 1 FROM records WHERE replaces = record.hold)
ORDER BY admitted_at;
