#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000_000;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_microsecond()
}

fn span(period: Period, time: &str, zone_name: &str) -> Span {
    Span::containing(period, at(time), &zone(zone_name))
}

#[test]
fn a_day_is_as_long_as_the_clock_makes_it() {
    let days = [
        (
            "2026-03-29T12:00:00Z",
            "Europe/Berlin",
            "day:2026-03-29",
            23,
        ),
        (
            "2026-10-25T12:00:00Z",
            "Europe/Berlin",
            "day:2026-10-25",
            25,
        ),
        (
            "2026-07-01T12:00:00Z",
            "Europe/Berlin",
            "day:2026-07-01",
            24,
        ),
        ("2026-10-25T12:00:00Z", "UTC", "day:2026-10-25", 24),
        // Midnight is skipped: the day begins at one o'clock.
        (
            "2018-11-04T12:00:00Z",
            "America/Sao_Paulo",
            "day:2018-11-04",
            23,
        ),
        ("2024-03-31T12:00:00Z", "Asia/Beirut", "day:2024-03-31", 23),
        // Midnight comes twice: the day begins at the first.
        (
            "2018-02-17T12:00:00Z",
            "America/Sao_Paulo",
            "day:2018-02-17",
            25,
        ),
    ];
    for (time, zone, id, hours) in days {
        let day = span(Period::Day, time, zone);
        assert_eq!(&*day.id, id, "{zone}");
        assert_eq!((day.ends_at - day.starts_at) / HOUR, hours, "{zone} {id}");
    }
}

#[test]
fn where_midnight_is_skipped_the_day_before_ends_when_the_next_begins() {
    let before = span(Period::Day, "2018-11-04T02:59:59Z", "America/Sao_Paulo");
    let after = span(Period::Day, "2018-11-04T03:00:00Z", "America/Sao_Paulo");
    assert_eq!(
        (&*before.id, &*after.id),
        ("day:2018-11-03", "day:2018-11-04")
    );
    assert_eq!(before.ends_at, after.starts_at);
    assert_eq!(after.starts_at, at("2018-11-04T03:00:00Z"));
}

#[test]
fn a_day_that_a_zone_left_out_does_not_exist() {
    let before = span(Period::Day, "2011-12-30T09:59:59Z", "Pacific/Apia");
    let after = span(Period::Day, "2011-12-30T10:00:00Z", "Pacific/Apia");
    assert_eq!(
        (&*before.id, &*after.id),
        ("day:2011-12-29", "day:2011-12-31")
    );
    assert_eq!(before.ends_at, after.starts_at);
}

#[test]
fn a_week_begins_on_monday() {
    for time in ["2026-11-23T00:00:00Z", "2026-11-29T23:59:59.999999Z"] {
        assert_eq!(&*span(Period::Week, time, "UTC").id, "week:2026-11-23");
    }
    assert_eq!(
        &*span(Period::Week, "2026-11-22T23:59:59Z", "UTC").id,
        "week:2026-11-16"
    );
    let over_new_year = span(Period::Week, "2027-01-01T00:00:00Z", "UTC");
    assert_eq!(&*over_new_year.id, "week:2026-12-28");
    assert_eq!(over_new_year.ends_at, at("2027-01-04T00:00:00Z"));
}

#[test]
fn a_month_is_as_long_as_the_calendar_makes_it() {
    let months = [
        ("2026-02-28T23:59:59Z", "month:2026-02-01", 28),
        ("2028-02-29T12:00:00Z", "month:2028-02-01", 29),
        ("2100-02-28T12:00:00Z", "month:2100-02-01", 28),
        ("2026-12-31T23:59:59Z", "month:2026-12-01", 31),
        ("2027-01-01T00:00:00Z", "month:2027-01-01", 31),
    ];
    for (time, id, days) in months {
        let month = span(Period::Month, time, "UTC");
        assert_eq!(&*month.id, id);
        assert_eq!(
            (month.ends_at - month.starts_at) / (24 * HOUR),
            days,
            "{id}"
        );
    }
}

#[test]
fn the_zone_decides_which_day_it_is() {
    let time = "2026-12-31T23:30:00Z";
    assert_eq!(&*span(Period::Month, time, "UTC").id, "month:2026-12-01");
    assert_eq!(
        &*span(Period::Month, time, "Europe/Berlin").id,
        "month:2027-01-01"
    );
}

#[test]
fn times_beyond_the_calendar_belong_to_its_first_and_last_period() {
    let edges = [
        (i64::MIN, Timestamp::MIN),
        (i64::MAX, Timestamp::MAX),
        (Timestamp::MIN.as_microsecond() - 1, Timestamp::MIN),
        (Timestamp::MAX.as_microsecond() + 1, Timestamp::MAX),
    ];
    for (wall, edge) in edges {
        for period in Period::ALL {
            for name in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
                let span = Span::containing(period, wall, &zone(name));
                let last = Span::containing(period, edge.as_microsecond(), &zone(name));
                assert_eq!(span, last, "{period:?} {wall} {name}");
                assert!(span.starts_at < span.ends_at, "{span:?} {name}");
            }
        }
    }
}

fn any_period() -> impl Strategy<Value = Period> {
    prop::sample::select(Period::ALL.to_vec())
}

fn any_zone() -> impl Strategy<Value = TimeZone> {
    let names = [
        "UTC",
        "Europe/Berlin",
        "America/Sao_Paulo",
        "America/Havana",
        "Asia/Beirut",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Casablanca",
    ];
    prop::sample::select(names.to_vec()).prop_map(zone)
}

proptest! {
    #[test]
    fn a_span_holds_its_time_and_meets_the_next(
        seconds in -4_000_000_000_i64..8_000_000_000,
        micros in 0_i64..1_000_000,
        period in any_period(),
        zone in any_zone(),
    ) {
        let wall = seconds * 1_000_000 + micros;
        let span = Span::containing(period, wall, &zone);
        prop_assert!(span.starts_at <= wall && wall < span.ends_at, "{span:?}");
        let next = Span::containing(period, span.ends_at, &zone);
        prop_assert_eq!(span.ends_at, next.starts_at);
        prop_assert_ne!(&span.id, &next.id);
        let same = Span::containing(period, span.starts_at, &zone);
        prop_assert_eq!(&same, &span);
        prop_assert_eq!(Span::containing(period, span.ends_at - 1, &zone), span);
    }

    #[test]
    fn no_time_panics(wall in any::<i64>(), period in any_period(), zone in any_zone()) {
        let span = Span::containing(period, wall, &zone);
        prop_assert!(span.starts_at < span.ends_at);
    }
}
