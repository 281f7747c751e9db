//! Partition fields and sort orders as people write them: `day(ts), bucket(8, id), country` and `ts desc, id`.

use iceberg::spec::{
    NullOrder, Schema, SortDirection, SortField, SortOrder, Transform, UnboundPartitionField, UnboundPartitionSpec,
};

use crate::ingest::stage::check_writable;
use crate::{Error, Result};

/// One term: a transform of a column.
#[derive(Debug)]
struct Term {
    transform: Transform,
    column: String,
    source_id: i32,
    /// What stands behind it: `desc nulls last`, `as name`.
    rest: String,
}

/// Reads partition fields; empty text means unpartitioned.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid), naming the term; [`Kind::Unsupported`](crate::Kind::Unsupported) for a uuid
/// as it is.
pub(crate) fn partition_spec(text: &str, schema: &Schema) -> Result<UnboundPartitionSpec> {
    let mut builder = UnboundPartitionSpec::builder();
    for term in terms(text, schema)? {
        check_type(&term, schema)?;
        let name = match term.rest.split_once(char::is_whitespace) {
            Some((word, name)) if word.eq_ignore_ascii_case("as") => unquoted(name.trim()),
            _ if term.rest.is_empty() => default_name(&term),
            _ => return Err(malformed(&term.rest, "day(ts), bucket(8, id), country as land")),
        };
        builder = builder
            .add_partition_field(term.source_id, name, term.transform)
            .map_err(|e| Error::invalid(e.message()).with("partition", &term.column).caused_by(e))?;
    }
    let spec = builder.build();
    // Binding checks what the builder does not: types, names that a column has, the same transform twice.
    let bound = spec.clone().bind(schema.clone()).map_err(|e| {
        let why = format!("cannot partition by {}: {}", text.trim(), e.message().trim_end_matches('.'));
        Error::invalid(why).caused_by(e)
    })?;
    check_writable(&bound, schema)?;
    Ok(spec)
}

/// Reads sort fields; empty text means unsorted.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid), naming the term.
pub(crate) fn sort_order(text: &str, schema: &Schema) -> Result<SortOrder> {
    let mut fields = Vec::new();
    for term in terms(text, schema)? {
        check_type(&term, schema)?;
        let (direction, null_order) = ordering(&term.rest)?;
        let Term { transform, source_id, .. } = term;
        fields.push(SortField { source_id, transform, direction, null_order });
    }
    if fields.is_empty() {
        return Ok(SortOrder::unsorted_order());
    }
    SortOrder::builder()
        .with_order_id(1)
        .with_fields(fields)
        .build(schema)
        .map_err(|e| Error::invalid(format!("cannot sort by this: {}", e.message())).caused_by(e))
}

/// A transform takes values of some types only: says which, and what the column is.
fn check_type(term: &Term, schema: &Schema) -> Result<()> {
    let Some(field) = schema.field_by_id(term.source_id) else { return Ok(()) };
    // void() of a struct, list or map has a type, but manifests have no place for it.
    if field.field_type.is_primitive() && term.transform.result_type(&field.field_type).is_ok() {
        return Ok(());
    }
    let (name, takes) = match term.transform {
        Transform::Year => ("year()", "a date or a timestamp"),
        Transform::Month => ("month()", "a date or a timestamp"),
        Transform::Day => ("day()", "a date or a timestamp"),
        Transform::Hour => ("hour()", "a timestamp"),
        Transform::Truncate(_) => ("truncate()", "an int, long, decimal, string or binary"),
        Transform::Bucket(_) => ("bucket()", "a plain type other than boolean, float and double"),
        _ => ("this", "a plain type: no struct, list or map"),
    };
    Err(Error::invalid(format!("{name} takes {takes}")).with("column", &term.column).with("type", &field.field_type))
}

/// Each partition field in words: `ts_day: day(ts)`.
pub(super) fn partition_words(spec: &UnboundPartitionSpec, schema: &Schema) -> Vec<String> {
    let words = |field: &UnboundPartitionField| {
        format!("{}: {}", field.name, transformed(field.transform, field.source_id, schema))
    };
    spec.fields().iter().map(words).collect()
}

/// Each sort field in words: `ts desc nulls last`.
pub(super) fn sort_words(order: &SortOrder, schema: &Schema) -> Vec<String> {
    let words = |field: &SortField| {
        let direction = match field.direction {
            SortDirection::Ascending => "asc",
            SortDirection::Descending => "desc",
        };
        let nulls = match field.null_order {
            NullOrder::First => "first",
            NullOrder::Last => "last",
        };
        format!("{} {direction} nulls {nulls}", transformed(field.transform, field.source_id, schema))
    };
    order.fields.iter().map(words).collect()
}

fn transformed(transform: Transform, source_id: i32, schema: &Schema) -> String {
    let column = schema.name_by_field_id(source_id).unwrap_or("?");
    match transform {
        Transform::Identity => column.to_string(),
        other => format!("{other}({column})"),
    }
}

fn default_name(term: &Term) -> String {
    let suffix = match term.transform {
        Transform::Bucket(_) => "_bucket",
        Transform::Truncate(_) => "_trunc",
        Transform::Year => "_year",
        Transform::Month => "_month",
        Transform::Day => "_day",
        Transform::Hour => "_hour",
        Transform::Void => "_null",
        Transform::Identity | Transform::Unknown => "",
    };
    format!("{}{suffix}", term.column)
}

/// Ascending puts nulls first and descending puts them last unless told otherwise, as in Spark.
fn ordering(rest: &str) -> Result<(SortDirection, NullOrder)> {
    let lower = rest.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let (direction, words) = match words.as_slice() {
        ["desc", rest @ ..] => (SortDirection::Descending, rest),
        ["asc", rest @ ..] => (SortDirection::Ascending, rest),
        rest => (SortDirection::Ascending, rest),
    };
    match (words, direction) {
        ([], SortDirection::Ascending) | (["nulls", "first"], _) => Ok((direction, NullOrder::First)),
        ([], SortDirection::Descending) | (["nulls", "last"], _) => Ok((direction, NullOrder::Last)),
        _ => Err(malformed(rest, "ts desc, id asc nulls last")),
    }
}

fn malformed(text: &str, example: &str) -> Error {
    Error::invalid("cannot make sense of this").with("text", text).hint(format!("write it like: {example}"))
}

fn terms(text: &str, schema: &Schema) -> Result<Vec<Term>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    split(text, ',').into_iter().map(|part| term(part.trim(), schema)).collect()
}

/// `column`, `transform(column)`, `bucket(8, column)` or `truncate(column, 8)`, and whatever stands behind.
fn term(text: &str, schema: &Schema) -> Result<Term> {
    let bad = || malformed(text, "day(ts), bucket(8, id), truncate(4, name), country");
    if let Some((name, arguments, rest)) = call(text) {
        let arguments: Vec<&str> = split(arguments, ',').into_iter().map(str::trim).collect();
        let (column, width) = match arguments.as_slice() {
            [column] => (*column, None),
            [a, b] => match (a.parse::<u32>(), b.parse::<u32>()) {
                (Ok(width), _) => (*b, Some(width)),
                (Err(_), Ok(width)) => (*a, Some(width)),
                _ => return Err(bad()),
            },
            _ => return Err(bad()),
        };
        return resolved(transform(name, width).ok_or_else(bad)?, column, rest, schema);
    }
    // The column may hold spaces of its own: the longest column that the text begins with wins.
    let end = if text.starts_with('"') { quoted_end(text).ok_or_else(bad)? } else { name_end(text, schema) };
    let (column, rest) = text.split_at(end);
    resolved(Transform::Identity, column, rest, schema)
}

fn resolved(transform: Transform, column: &str, rest: &str, schema: &Schema) -> Result<Term> {
    let name = unquoted(column);
    let field = schema.field_by_name(&name).ok_or_else(|| {
        let known: Vec<&str> = schema.as_struct().fields().iter().take(12).map(|f| f.name.as_str()).collect();
        Error::not_found("no such column").with("column", &name).hint(format!("columns: {}", known.join(", ")))
    })?;
    Ok(Term { transform, source_id: field.id, column: name, rest: rest.trim().to_string() })
}

fn transform(name: &str, width: Option<u32>) -> Option<Transform> {
    let positive = width.filter(|w| *w > 0);
    match (name.to_ascii_lowercase().as_str(), width) {
        ("bucket", Some(_)) => positive.map(Transform::Bucket),
        ("truncate" | "trunc", Some(_)) => positive.map(Transform::Truncate),
        ("identity", None) => Some(Transform::Identity),
        ("year" | "years", None) => Some(Transform::Year),
        ("month" | "months", None) => Some(Transform::Month),
        ("day" | "days", None) => Some(Transform::Day),
        ("hour" | "hours", None) => Some(Transform::Hour),
        ("void", None) => Some(Transform::Void),
        _ => None,
    }
}

/// `name(arguments) rest`, where the name is one word.
fn call(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find('(')?;
    let name = text.get(..open)?.trim_end();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return None;
    }
    let within = text.get(open + 1..)?;
    let close = split(within, ')').first()?.len();
    Some((name, within.get(..close)?, within.get(close + 1..)?))
}

/// Splits at a character that stands outside of quotes and brackets.
fn split(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_u32, false);
    for (i, c) in text.char_indices() {
        if c == at && depth == 0 && !quoted {
            parts.push(text.get(start..i).unwrap_or_default());
            start = i + c.len_utf8();
            continue;
        }
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn quoted_end(text: &str) -> Option<usize> {
    let mut end = 1;
    loop {
        end += text.get(end..)?.find('"')? + 1;
        match text.get(end..)?.starts_with('"') {
            true => end += 1,
            false => return Some(end),
        }
    }
}

fn name_end(text: &str, schema: &Schema) -> usize {
    let ends = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(i, _)| i).chain([text.len()]);
    let known = |end: &usize| text.get(..*end).is_some_and(|name| schema.field_by_name(name).is_some());
    let first_word = text.find(char::is_whitespace).unwrap_or(text.len());
    ends.filter(known).last().unwrap_or(first_word)
}

fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use iceberg::spec::{NestedField, PrimitiveType, Type};

    use super::*;

    fn schema() -> Schema {
        let names = ["id", "ts", "a, b", "say \"x\"", "order key"];
        let fields = names.iter().zip(1..).map(|(name, id)| {
            let of = if *name == "ts" { PrimitiveType::Timestamp } else { PrimitiveType::Long };
            Arc::new(NestedField::optional(id, *name, Type::Primitive(of)))
        });
        Schema::builder().with_fields(fields).build().unwrap()
    }

    #[test]
    fn partition_fields_are_read() {
        let schema = schema();
        let text = r#"day(ts) , Bucket(8,id), truncate(id, 10) as tens, "a, b", "say ""x""", order key, void(id)"#;
        let words = partition_words(&partition_spec(text, &schema).unwrap(), &schema);
        insta::assert_snapshot!(words.join("\n"), @r#"
        ts_day: day(ts)
        id_bucket: bucket[8](id)
        tens: truncate[10](id)
        a, b: a, b
        say "x": say "x"
        order key: order key
        id_null: void(id)
        "#);
    }

    #[test]
    fn sort_fields_are_read() {
        let schema = schema();
        let order =
            sort_order("ts desc, order key, day(ts) asc nulls last, \"a, b\" desc nulls first", &schema).unwrap();
        let words = sort_words(&order, &schema);
        assert_eq!(
            words,
            ["ts desc nulls last", "order key asc nulls first", "day(ts) asc nulls last", "a, b desc nulls first"]
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let schema = schema();
        for text in
            ["nope", "bucket(id)", "bucket(0, id)", "hour(id)", "day(ts", "fold(ts)", "id desc", "\"id", "id,,ts"]
        {
            assert!(partition_spec(text, &schema).is_err(), "{text}");
        }
        let told = partition_spec("id, hour(id)", &schema).unwrap_err().to_string();
        assert_eq!(told, "hour() takes a timestamp (column id, type long)");
        let nested = NestedField::optional(9, "st", Type::Struct(iceberg::spec::StructType::new(Vec::new())));
        let nested = Schema::builder().with_fields([Arc::new(nested)]).build().unwrap();
        for text in ["st", "void(st)"] {
            let told = partition_spec(text, &nested).unwrap_err();
            assert_eq!(told.message(), "this takes a plain type: no struct, list or map", "{text}");
        }
        assert_eq!(sort_order("year(id)", &schema).unwrap_err().message(), "year() takes a date or a timestamp");
        for text in ["id sideways", "id desc nulls", "id as x", "nope desc"] {
            assert!(sort_order(text, &schema).is_err(), "{text}");
        }
    }
}
