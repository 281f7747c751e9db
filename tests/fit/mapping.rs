//! Mappings: matched by name, edited, saved and loaded, and refused with every reason at once.

use arrow::datatypes::DataType;
use iceberg::spec::PrimitiveType;
use icedeck::ingest::bind::Binding;
use icedeck::ingest::mapping::{Cast, ColumnMapping, Mapping, MappingEdit, Rule};
use icedeck::ingest::parse::BinaryText;
use icedeck::ingest::source::{Format, SourceOptions};
use proptest::prelude::*;

use super::{primitive, schema, text_column};

fn matched(source: &[&str], table: &[&str]) -> Vec<(String, String)> {
    let source: Vec<_> = source.iter().map(|n| text_column(n, DataType::Utf8View)).collect();
    let columns: Vec<_> = table.iter().map(|n| (*n, primitive(PrimitiveType::String))).collect();
    let mapping = Mapping::matched(&source, &schema(&columns));
    let pair = |c: ColumnMapping| match c.rule {
        Rule::Column(from) => (c.column, from),
        other => panic!("{other:?}"),
    };
    mapping.columns.into_iter().map(pair).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

#[test]
fn names_match_exactly_then_by_case_then_by_letters() {
    assert_eq!(
        matched(&["Order Id", "ordered_at", "COUNTRY", "note"], &["order_id", "orderedAt", "country", "extra"]),
        pairs(&[("order_id", "Order Id"), ("orderedAt", "ordered_at"), ("country", "COUNTRY")])
    );
    // The exact one is taken, whatever else is near.
    assert_eq!(matched(&["ID", "id"], &["id"]), pairs(&[("id", "id")]));
    // Two candidates at the same distance: neither.
    assert_eq!(matched(&["ID", "Id"], &["id"]), pairs(&[]));
    assert_eq!(matched(&["order-id", "order id"], &["order_id"]), pairs(&[]));
    // Two table columns that claim the same source column: neither; the exact one has it first.
    assert_eq!(matched(&["ORDER ID"], &["order_id", "orderId"]), pairs(&[]));
    assert_eq!(matched(&["order_id"], &["order_id", "orderId"]), pairs(&[("order_id", "order_id")]));
    // Names without letters match exactly or not at all.
    assert_eq!(matched(&["🦀", "--"], &["🦀", "??"]), pairs(&[("🦀", "🦀")]));
}

fn problems(mapping: &Mapping) -> Vec<String> {
    let source = [
        text_column("Order Id", DataType::Utf8View),
        text_column("a.b", DataType::Int64),
        text_column("Amount (EUR)", DataType::Utf8View),
    ];
    let table = schema(&[
        ("order_id!", primitive(PrimitiveType::Long)),
        ("amount", primitive(PrimitiveType::Decimal { precision: 12, scale: 2 })),
        ("at", primitive(PrimitiveType::Timestamptz)),
        ("note", primitive(PrimitiveType::String)),
    ]);
    let problems = Binding::new(mapping, &source, &table).unwrap_err();
    problems.iter().map(|p| format!("{p}{}", p.hint.as_ref().map(|h| format!(" [{h}]")).unwrap_or_default())).collect()
}

fn rules(rules: &[(&str, Rule)]) -> Mapping {
    let columns = rules.iter().map(|(column, rule)| ColumnMapping::new(*column, rule.clone())).collect();
    Mapping { columns, ..Mapping::default() }
}

fn sql(text: &str) -> Rule {
    Rule::Expression(text.into())
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let mut mapping = rules(&[
        ("amount", Rule::Constant("much".into())),
        ("at", Rule::Column("Order Id".into())),
        ("note", Rule::Column("amount_eur".into())),
        ("notes", Rule::Skip),
        ("note", Rule::Skip),
    ]);
    mapping.columns[1].cast.format = Some("%Q".into());
    insta::assert_snapshot!(problems(&mapping).join("\n"), @r#"
        column notes: the table has no column notes [perhaps note]
        column note: is mapped twice
        column order_id: is required and not mapped [map it (the source has Order Id) or give a constant]
        column amount: the constant is not a decimal
        column at: the format %Q is not a strftime pattern [for example %d.%m.%Y %H:%M, or epoch_ms for milliseconds since 1970]
        column note: the source has no column amount_eur [perhaps Amount (EUR)]
    "#);
}

#[test]
fn why_a_constant_does_not_fit_is_a_sentence() {
    let constant = |column: &str, text: &str| (column.to_string(), Rule::Constant(text.into()));
    let cases = [constant("order_id", "x"), constant("order_id", "99999999999999999999"), constant("amount", "1.505")];
    let told = |(column, rule): &(String, Rule)| {
        let mut mapping = rules(&[("order_id", Rule::Column("Order Id".into()))]);
        mapping.columns.retain(|c| c.column != *column);
        mapping.columns.push(ColumnMapping::new(column, rule.clone()));
        problems(&mapping).join("\n")
    };
    assert_eq!(
        cases.iter().map(told).collect::<Vec<_>>(),
        [
            "column order_id: the constant is not a whole number",
            "column order_id: the constant is too large for long (at most 9223372036854775807)",
            "column amount: the constant does not fit: 3 digits after the point where decimal(12,2) has 2",
        ]
    );
}

#[test]
fn expressions_are_checked() {
    let wrong =
        |text: &str| problems(&rules(&[("order_id", Rule::Column("a.b".into())), ("note", sql(text))])).join("\n");
    insta::assert_snapshot!(
        ["upper(", "upper(Order)", "nosuch(1)", "random()", "now()", "sum(\"a.b\")", "(select 1)", "\"a.b\" + 1 2", "1; drop table x"]
            .map(wrong)
            .join("\n"),
        @r#"
            column note: the expression cannot be used: Expected: ), found: EOF
            column note: the source has no column Order [perhaps "Order Id"]
            column note: the expression cannot be used: Invalid function 'nosuch'
            column note: random() does not give the same result each time
            column note: now() does not give the same result each time
            column note: sum() needs more than one row
            column note: subqueries cannot be used
            column note: the expression cannot be used: Expected: ), found: 2 at Line: 1, Column: 12
            column note: the expression cannot be used: Expected: ), found: ; at Line: 1, Column: 3
        "#
    );
}

#[test]
fn times_without_a_zone_and_unknown_zones() {
    let mut mapping = rules(&[("order_id", Rule::Column("a.b".into())), ("at", Rule::Column("Order Id".into()))]);
    mapping.columns[1].cast.zone = Some("Europe/Berln".into());
    assert_eq!(
        problems(&mapping),
        ["column at: there is no time zone Europe/Berln [give an IANA name like Europe/Berlin or UTC]"]
    );
}

#[test]
fn skipped_and_ambiguous_required_columns() {
    assert_eq!(
        problems(&rules(&[("order_id", Rule::Skip)])),
        ["column order_id: is required and cannot be skipped [map it or give a constant]"]
    );
    assert_eq!(
        problems(&rules(&[])),
        ["column order_id: is required and not mapped [map it (the source has Order Id) or give a constant]"]
    );
}

#[test]
fn edits_are_pure() {
    let before = rules(&[("a", Rule::Column("A".into()))]);
    let cast = Cast { format: Some("%d".into()), ..Cast::default() };
    let after = [
        MappingEdit::Source { column: "b".into(), from: "B".into() },
        MappingEdit::Cast { column: "a".into(), cast: cast.clone() },
        MappingEdit::Expression { column: "b".into(), sql: "1".into() },
        MappingEdit::Skip { column: "c".into() },
        MappingEdit::Constant { column: "d".into(), text: "7".into() },
        MappingEdit::Clear { column: "c".into() },
        MappingEdit::Rename { column: "d".into(), to: "e".into() },
        MappingEdit::Type { source: "A".into(), of: Some("string".into()) },
    ]
    .iter()
    .fold(before.clone(), |mapping, edit| mapping.apply(edit));
    assert_eq!(before, rules(&[("a", Rule::Column("A".into()))]));
    let mut expected = rules(&[("a", Rule::Column("A".into())), ("b", sql("1")), ("e", Rule::Constant("7".into()))]);
    expected.columns[0].cast = cast;
    expected.types.insert("A".into(), "string".into());
    assert_eq!(after, expected);
    let cleared = after.apply(&MappingEdit::Type { source: "A".into(), of: None });
    assert!(cleared.types.is_empty());
}

#[test]
fn a_saved_mapping_can_be_read_by_people() {
    let mut mapping = rules(&[
        ("order_id", Rule::Column("Order \"Id\".x".into())),
        ("amount", sql("cast(replace(\"Amount (EUR)\", ',', '.') as decimal(12,2))")),
        ("note", Rule::Skip),
        ("currency", Rule::Constant("EUR".into())),
    ]);
    mapping.columns[0].cast = Cast { format: Some("%d.%m.%Y".into()), zone: Some("UTC".into()), ..Cast::default() };
    mapping.source = Some(SourceOptions { format: Some(Format::Csv), ..SourceOptions::default() });
    mapping.types.insert("a.b".into(), "string".into());
    let text = mapping.to_toml().unwrap();
    insta::assert_snapshot!(text, @r#"
        # A mapping of icedeck: what becomes of each column of the table. Columns that are not named find theirs by name.
        #   from = "source column"  |  expression = "upper(country)"  |  constant = "EUR"  |  skip = true
        # and how text is read: format (strftime, or epoch_ms), zone, decimal-comma, thousands, true, false, binary (hex, base64).

        [source]
        format = "csv"

        [types]
        "a.b" = "string"

        [[column]]
        name = "order_id"
        from = 'Order "Id".x'
        format = "%d.%m.%Y"
        zone = "UTC"

        [[column]]
        name = "amount"
        expression = """cast(replace("Amount (EUR)", ',', '.') as decimal(12,2))"""

        [[column]]
        name = "note"
        skip = true

        [[column]]
        name = "currency"
        constant = "EUR"
    "#);
    assert_eq!(Mapping::from_toml(&text).unwrap(), mapping);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.toml");
    mapping.save(&path).unwrap();
    mapping.save(&path).unwrap();
    assert_eq!(Mapping::load(&path).unwrap(), mapping);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let source = folder.path().join("orders.csv");
    std::fs::write(&source, "id\n1\n").unwrap();
    let refused = mapping.save(&source).unwrap_err();
    assert_eq!(refused.kind(), icedeck::Kind::AlreadyExists, "{refused}");
    assert_eq!(std::fs::read_to_string(&source).unwrap(), "id\n1\n", "what is no mapping is never replaced");
}

#[test]
fn mistakes_in_a_file_are_told_by_line_and_column() {
    let told = |text: &str| {
        let error = Mapping::from_toml(text).unwrap_err();
        error.hints().iter().fold(error.to_string(), |told, hint| format!("{told}: {hint}"))
    };
    let cases = [
        "[[column]]\nname = \"a\"\nfrm = \"b\"\n",
        "[[column]]\nname = \"a\"\n",
        "[[column]]\nfrom = \"a\"\n",
        "\n\n[[column]]\nname = \"a\"\nfrom = \"b\"\nskip = true\n",
        "[[column]]\nname = \"a\"\nconstant = [1]\n",
        "[[column]\n",
        "[source]\ndelimiter = \"ab\"\n",
        "[types]\na = 1\n",
    ];
    insta::assert_snapshot!(cases.map(told).join("\n"), @r#"
        the mapping cannot be read: unknown field `frm` (line 3, column 1): expected one of `name`, `from`, `expression`, `constant`, `skip`, `format`, `zone`, `decimal-comma`, `thousands`, `true`, `false`, `binary`
        column a needs exactly one of from, expression, constant and skip (line 1, column 1)
        this column has no name (line 1, column 1)
        column a needs exactly one of from, expression, constant and skip (line 3, column 1)
        column a: a constant is a string, number, boolean or date (line 1, column 1)
        the mapping cannot be read: unclosed array table, expected `]` (line 1, column 10)
        the mapping cannot be read: "ab" is not a single ASCII character (line 2, column 13)
        the mapping cannot be read: invalid type: integer `1`, expected a string (line 2, column 5)
    "#);
    let missing = Mapping::load(std::path::Path::new("/nowhere/m.toml")).unwrap_err();
    assert_eq!(missing.kind(), icedeck::Kind::NotFound);
}

#[test]
fn a_constant_may_be_any_scalar() {
    let text = "[[column]]\nname = \"a\"\nconstant = 12\n[[column]]\nname = \"b\"\nconstant = 2026-11-21\n";
    let mapping = Mapping::from_toml(text).unwrap();
    assert_eq!(mapping.columns[0].rule, Rule::Constant("12".into()));
    assert_eq!(mapping.columns[1].rule, Rule::Constant("2026-11-21".into()));
}

fn any_mapping() -> impl Strategy<Value = Mapping> {
    let rule = prop_oneof![
        ".*".prop_map(Rule::Column),
        ".*".prop_map(Rule::Expression),
        ".*".prop_map(Rule::Constant),
        Just(Rule::Skip)
    ];
    let cast = (
        prop::option::of(".*"),
        prop::option::of("[A-Z/]+"),
        any::<bool>(),
        prop::option::of(any::<char>()),
        prop::collection::vec(".*", 0..3),
        prop::option::of(prop_oneof![Just(BinaryText::Hex), Just(BinaryText::Base64)]),
    );
    let cast = cast.prop_map(|(format, zone, decimal_comma, thousands, yes, binary)| Cast {
        format,
        zone,
        decimal_comma,
        thousands,
        no: yes.clone(),
        yes,
        binary,
    });
    let column = (".+", rule, cast).prop_map(|(column, rule, cast)| ColumnMapping { column, rule, cast });
    prop::collection::vec(column, 0..5).prop_map(|columns| Mapping { columns, ..Mapping::default() })
}

proptest! {
    #[test]
    fn what_is_saved_is_loaded(mapping in any_mapping()) {
        let text = mapping.to_toml().unwrap();
        prop_assert_eq!(Mapping::from_toml(&text).unwrap(), mapping);
    }
}
