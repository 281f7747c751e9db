//! What text means, and why some text means nothing.

use arrow::array::StringViewArray;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::array_value_to_string;
use icedeck::ingest::parse::{BinaryText, ParseFormat, Words, parse_column};

const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const NANOS: DataType = DataType::Timestamp(TimeUnit::Nanosecond, None);
const TIME: DataType = DataType::Time64(TimeUnit::Microsecond);

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()))
}

/// The value as Arrow shows it, or the reason.
fn one(text: &str, to: &DataType, format: &ParseFormat) -> Result<String, String> {
    let parsed = parse_column(&StringViewArray::from(vec![text]), to, format).unwrap();
    assert_eq!(parsed.array.data_type(), to);
    assert_eq!(parsed.array.is_null(0), !parsed.bad.is_empty());
    match parsed.bad.first() {
        Some((0, reason)) => Err(reason.to_string()),
        None => Ok(array_value_to_string(&parsed.array, 0).unwrap()),
        other => panic!("{other:?}"),
    }
}

/// Each text with the value or `!reason` that it gives.
fn check(to: &DataType, format: &ParseFormat, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let got = one(text, to, format).unwrap_or_else(|reason| format!("!{reason}"));
        assert_eq!(&got, expected, "{text:?} as {to}");
    }
}

fn plain() -> ParseFormat {
    ParseFormat::default()
}

fn pattern(of: &str) -> ParseFormat {
    plain().with_pattern(of)
}

#[test]
fn whole_numbers() {
    check(
        &DataType::Int32,
        &plain(),
        &[
            ("0", "0"),
            ("-0", "0"),
            (" 42\t", "42"),
            ("+7", "7"),
            ("007", "7"),
            ("2147483647", "2147483647"),
            ("-2147483648", "-2147483648"),
            ("2147483648", "!too large for int (at most 2147483647)"),
            ("-2147483649", "!too small for int (at least -2147483648)"),
            ("99999999999999999999999999999999999999999999", "!too large for int (at most 2147483647)"),
            ("1.0", "!not a whole number"),
            ("1e3", "!not a whole number"),
            ("", "!not a whole number"),
            ("-", "!not a whole number"),
            ("--1", "!not a whole number"),
            ("1 000", "!not a whole number"),
            ("１２", "!not a whole number"),
        ],
    );
    check(
        &DataType::Int64,
        &plain(),
        &[
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", "!too large for long (at most 9223372036854775807)"),
            ("-9223372036854775809", "!too small for long (at least -9223372036854775808)"),
            ("000000000000000000000000000000012", "12"),
        ],
    );
    let grouped = ParseFormat { thousands: Some('.'), ..plain() };
    check(
        &DataType::Int64,
        &grouped,
        &[
            ("1.204.000", "1204000"),
            ("-1.204", "-1204"),
            ("12", "12"),
            ("12.04", "!not a whole number"),
            ("1.2.3", "!not a whole number"),
            (".123", "!not a whole number"),
        ],
    );
}

#[test]
fn floating_point_numbers() {
    check(
        &DataType::Float64,
        &plain(),
        &[
            ("1.5", "1.5"),
            ("-1e-3", "-0.001"),
            ("NaN", "NaN"),
            ("inf", "inf"),
            ("1e308", "1e308"),
            ("0e500", "0.0"),
            ("1e400", "!too large for double"),
            ("-1e400", "!too large for double"),
            ("1e-400", "!too close to zero for double"),
            ("1,5", "!not a number"),
            ("", "!not a number"),
            ("abc", "!not a number"),
        ],
    );
    check(&DataType::Float32, &plain(), &[("0.1", "0.1"), ("3.5e38", "!too large for float")]);
    let german = ParseFormat { decimal_comma: true, thousands: Some('.'), ..plain() };
    check(
        &DataType::Float64,
        &german,
        &[
            ("1.204,5", "1204.5"),
            ("0,25", "0.25"),
            ("1204", "1204.0"),
            ("1.2", "!not a number"),
            ("1,2,3", "!not a number"),
        ],
    );
    let comma = ParseFormat { decimal_comma: true, ..plain() };
    check(&DataType::Float64, &comma, &[("1.5", "!not a number with a decimal comma"), ("1,5", "1.5")]);
}

#[test]
fn decimals_keep_every_digit() {
    check(
        &DataType::Decimal128(12, 2),
        &plain(),
        &[
            ("1204.5", "1204.50"),
            ("1204.500000", "1204.50"),
            ("-0.01", "-0.01"),
            (".5", "0.50"),
            ("5.", "5.00"),
            ("1e3", "1000.00"),
            ("12345e-2", "123.45"),
            ("0e999999999999", "0.00"),
            ("9999999999.99", "9999999999.99"),
            ("10000000000", "!too large for decimal(12,2) (at most 9999999999.99)"),
            ("-10000000000", "!too small for decimal(12,2) (at least -9999999999.99)"),
            ("1e99999999999999", "!too large for decimal(12,2) (at most 9999999999.99)"),
            ("1.005", "!3 digits after the point where decimal(12,2) has 2"),
            ("1e-9", "!9 digits after the point where decimal(12,2) has 2"),
            ("n/a", "!not a decimal"),
            (".", "!not a decimal"),
            ("1.2.3", "!not a decimal"),
            ("NaN", "!not a decimal"),
            ("1e", "!not a decimal"),
        ],
    );
    check(
        &DataType::Decimal128(38, 0),
        &plain(),
        &[
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
            (
                "100000000000000000000000000000000000000",
                "!too large for decimal(38,0) (at most 99999999999999999999999999999999999999)",
            ),
        ],
    );
    let german = ParseFormat { decimal_comma: true, thousands: Some('.'), ..plain() };
    check(
        &DataType::Decimal128(12, 2),
        &german,
        &[
            ("1.204,50", "1204.50"),
            ("17,00", "17.00"),
            ("1204,5", "1204.50"),
            ("1.204", "1204.00"),
            ("12.04", "!not a decimal"),
        ],
    );
}

#[test]
fn dates() {
    check(
        &DataType::Date32,
        &plain(),
        &[
            ("2026-11-21", "2026-11-21"),
            ("1969-12-31", "1969-12-31"),
            ("0001-01-01", "0001-01-01"),
            ("2026-1-5", "2026-01-05"),
            (" 2026-11-21 ", "2026-11-21"),
            ("2024-02-29", "2024-02-29"),
            ("2026-02-29", "!there is no 29 February in that year"),
            ("1900-02-29", "!there is no 29 February in that year"),
            ("2026-02-31", "!there is no 31 February"),
            ("2026-04-31", "!there is no 31 April"),
            ("2026-13-01", "!there is no month 13"),
            ("2026-00-01", "!there is no month 0"),
            ("2026-11-00", "!there is no 0 November"),
            ("21.11.2026", "!not a date (YYYY-MM-DD)"),
            ("2026-11-21T10:00:00", "!has a time of day, which a date cannot hold"),
            ("2026-11-211", "!not a date (YYYY-MM-DD)"),
            ("", "!not a date (YYYY-MM-DD)"),
        ],
    );
    check(
        &DataType::Date32,
        &pattern("%d.%m.%Y"),
        &[
            ("03.11.2026", "2026-11-03"),
            ("3.11.2026", "2026-11-03"),
            ("31.02.2026", "!there is no 31 February"),
            ("03/11/2026", "!not of the form %d.%m.%Y"),
            ("03.11.2026 ", "2026-11-03"),
            ("03.11.20267", "!not of the form %d.%m.%Y"),
        ],
    );
    check(
        &DataType::Date32,
        &pattern("%b %e, %y"),
        &[("Nov 3, 26", "2026-11-03"), ("Feb 30, 26", "!there is no 30 February")],
    );
    check(
        &DataType::Date32,
        &pattern("%a %Y-%m-%d"),
        &[("Sat 2026-11-21", "2026-11-21"), ("Sun 2026-11-21", "!the day of the week does not go with the date")],
    );
    check(&DataType::Date32, &pattern("%Y%m%d"), &[("20261121", "2026-11-21")]);
}

#[test]
fn times_of_day() {
    check(
        &TIME,
        &plain(),
        &[
            ("14:20", "14:20:00"),
            ("14:20:05.5", "14:20:05.500"),
            ("23:59:59.999999", "23:59:59.999999"),
            ("00:00:00.0000000", "00:00:00"),
            ("24:00", "!there is no hour 24"),
            ("12:60", "!there is no minute 60"),
            ("12:00:60", "!there is no second 60"),
            ("12:00:00.1234567", "!finer than a microsecond"),
            ("noon", "!not a time (HH:MM:SS)"),
        ],
    );
    check(&TIME, &pattern("%I:%M %p"), &[("02:20 PM", "14:20:00"), ("13:00 PM", "!not of the form %I:%M %p")]);
}

#[test]
fn timestamps_without_a_zone() {
    check(
        &MICROS,
        &plain(),
        &[
            ("2026-11-03 14:20:00", "2026-11-03T14:20:00"),
            ("2026-11-03T14:20", "2026-11-03T14:20:00"),
            ("2026-11-03", "2026-11-03T00:00:00"),
            ("1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999999"),
            ("2026-11-03 14:20:00.123456000", "2026-11-03T14:20:00.123456"),
            ("2026-11-03 14:20:00.1234567", "!finer than a microsecond"),
            ("2026-11-03 14:20:00.1234567891", "!finer than a nanosecond"),
            ("2026-11-03 14:20:00Z", "!has a time zone, which a timestamp cannot hold"),
            ("2026-02-30 00:00:00", "!there is no 30 February"),
            ("2026-11-03 25:00:00", "!there is no hour 25"),
            ("yesterday", "!not a timestamp (YYYY-MM-DD HH:MM:SS)"),
            ("2026-11-03 ", "2026-11-03T00:00:00"),
            ("2026-11-03 14", "!not a timestamp (YYYY-MM-DD HH:MM:SS)"),
        ],
    );
    check(
        &NANOS,
        &plain(),
        &[
            ("2026-11-03 14:20:00.123456789", "2026-11-03T14:20:00.123456789"),
            ("2500-01-01 00:00:00", "!outside of the years that a timestamp can hold"),
        ],
    );
    let home = plain().with_zone("Europe/Berlin".parse().unwrap());
    check(
        &MICROS,
        &home,
        &[("2026-11-03T14:20:00Z", "2026-11-03T15:20:00"), ("2026-11-03 14:20", "2026-11-03T14:20:00")],
    );
    check(&MICROS, &pattern("epoch_ms"), &[("0", "1970-01-01T00:00:00"), ("-1", "1969-12-31T23:59:59.999")]);
}

#[test]
fn timestamps_with_a_zone() {
    check(
        &utc(),
        &plain(),
        &[
            ("2026-11-03T14:20:00Z", "2026-11-03T14:20:00Z"),
            ("2026-11-03 14:20:00+02:00", "2026-11-03T12:20:00Z"),
            ("2026-11-03 14:20:00 -0530", "2026-11-03T19:50:00Z"),
            ("2026-11-03 14:20:00+01", "2026-11-03T13:20:00Z"),
            ("2026-11-03 14:20:00 UTC", "2026-11-03T14:20:00Z"),
            ("2026-11-03 14:20:00", "!no time zone: the mapping must give one"),
            ("2026-11-03 14:20:00+99:00", "!not a timestamp (YYYY-MM-DD HH:MM:SS)"),
        ],
    );
    let berlin = "Europe/Berlin".parse().unwrap();
    check(
        &utc(),
        &pattern("%d.%m.%Y %H:%M").with_zone(berlin),
        &[
            ("03.11.2026 14:20", "2026-11-03T13:20:00Z"),
            ("03.07.2026 14:20", "2026-07-03T12:20:00Z"),
            ("29.03.2026 02:30", "!this local time does not exist in Europe/Berlin (clock change)"),
            ("25.10.2026 02:30", "!this local time occurs twice in Europe/Berlin (clock change)"),
            ("25.10.2026 03:00", "2026-10-25T02:00:00Z"),
        ],
    );
    check(
        &utc(),
        &pattern("%Y-%m-%d %H:%M:%S%.f %z"),
        &[
            ("2026-11-03 14:20:00.25 +0100", "2026-11-03T13:20:00.250Z"),
            ("2026-11-03 14:20:00.1234567 +0100", "!finer than a microsecond"),
            ("2026-11-03 14:20:00.12345678911 +0100", "!finer than a nanosecond"),
        ],
    );
    // Python's %f is left-aligned there, and must be here.
    check(&utc(), &pattern("%Y-%m-%d %H:%M:%S.%f %z"), &[("2026-11-03 14:20:00.5 +0000", "2026-11-03T14:20:00.500Z")]);
    check(
        &utc(),
        &pattern("epoch"),
        &[("1700000000", "2023-11-14T22:13:20Z"), ("1.5", "!not a whole number (a count since 1970)")],
    );
}

#[test]
fn booleans_bytes_and_ids() {
    check(
        &DataType::Boolean,
        &plain(),
        &[
            ("true", "true"),
            ("F", "false"),
            ("Yes", "true"),
            ("0", "false"),
            ("maybe", "!not a boolean (true or false)"),
            ("", "!not a boolean (true or false)"),
        ],
    );
    let words = Words { yes: vec!["Ja".into(), "möglich".into()], no: vec!["nein".into()] };
    let german = ParseFormat { booleans: Some(words), ..plain() };
    check(
        &DataType::Boolean,
        &german,
        &[("JA", "true"), ("MÖGLICH", "true"), ("nein", "false"), ("true", "!neither ja, möglich nor nein")],
    );
    check(
        &DataType::LargeBinary,
        &plain(),
        &[
            ("0AFf", "0aff"),
            ("\\x00", "00"),
            ("", ""),
            ("abc", "!not hexadecimal bytes"),
            ("zz", "!not hexadecimal bytes"),
        ],
    );
    let base64 = ParseFormat { binary: Some(BinaryText::Base64), ..plain() };
    check(&DataType::LargeBinary, &base64, &[("AAEC", "000102"), ("_w", "ff"), ("/w==", "ff"), ("a", "!not base64")]);
    check(&DataType::FixedSizeBinary(2), &plain(), &[("beef", "beef"), ("be", "!not 2 bytes long")]);
    check(
        &DataType::FixedSizeBinary(16),
        &plain(),
        &[
            ("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "f81d4fae7dec11d0a76500a0c91e6bf6"),
            ("f81d4fae7dec11d0a76500a0c91e6bf6", "f81d4fae7dec11d0a76500a0c91e6bf6"),
            ("f81d4fae", "!not a UUID"),
        ],
    );
    check(&DataType::Utf8, &plain(), &[("", ""), (" a ", " a ")]);
}

#[test]
fn formats_are_checked_before_any_text() {
    let refused = |to: &DataType, format: &ParseFormat| {
        parse_column(&StringViewArray::new_null(0), to, format).unwrap_err().message().to_string()
    };
    assert!(refused(&DataType::Date32, &pattern("%Q")).contains("not a strftime pattern"));
    assert!(refused(&DataType::Date32, &pattern("%H:%M")).contains("no whole date"));
    assert!(refused(&DataType::Date32, &pattern("%Y-%m")).contains("neither"));
    assert!(refused(&TIME, &pattern("%Y-%m-%d")).contains("no time of day"));
    assert!(refused(&MICROS, &pattern("%Y-%m-%d %I:%M")).contains("no whole one"));
    assert!(refused(&MICROS, &pattern("%Y-%m-%d %H:%M %Z")).contains("ambiguous"));
    assert!(refused(&MICROS, &pattern("%Y-%m-%d %H:%M:%S %f")).contains("%.f"));
    assert!(refused(&DataType::Int32, &pattern("%Y")).contains("for dates and times"));
    let words = ParseFormat { booleans: Some(Words { yes: vec!["x".into()], no: vec!["X".into()] }), ..plain() };
    assert!(refused(&DataType::Boolean, &words).contains("both"));
    let both = ParseFormat { thousands: Some('.'), ..plain() };
    assert!(refused(&DataType::Float64, &both).contains("decimal point"));
    let digit = ParseFormat { thousands: Some('1'), ..plain() };
    assert!(refused(&DataType::Int32, &digit).contains("cannot stand between"));
    assert!("Mars/Olympus".parse::<icedeck::ingest::parse::Zone>().is_err());
}

#[test]
fn nulls_stay_and_bad_rows_are_named() {
    let text: StringViewArray = [Some("1"), None, Some("x"), Some("4")].into_iter().collect();
    let parsed = parse_column(&text, &DataType::Int32, &plain()).unwrap();
    assert_eq!(parsed.bad.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [2]);
    let valid: Vec<_> = (0..4).map(|row| parsed.array.is_valid(row)).collect();
    assert_eq!(valid, [true, false, false, true]);
    // A sliced column, as a projection of a larger one.
    let parsed = parse_column(&text.slice(1, 3), &DataType::Int32, &plain()).unwrap();
    assert_eq!(parsed.bad.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1]);
    assert_eq!(parsed.array.null_count(), 2);
}
