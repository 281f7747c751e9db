//! Expressions over source columns: a row that fails is that row's fault alone.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use iceberg::spec::{PrimitiveType, Type};
use icedeck::ingest::bind::{Binding, Problem};
use icedeck::ingest::fit::Fitted;
use icedeck::ingest::mapping::{ColumnMapping, Mapping, Rule};

use super::{primitive, schema, text_batch, text_column, told};

const AMOUNT: &str = r#"cast(replace(replace("Amount (EUR)", '.', ''), ',', '.') as decimal(12,2))"#;

fn fitted(sql: &str, to: PrimitiveType, types: &[(&str, &str)]) -> Result<(Binding, Fitted), Vec<Problem>> {
    let source = [text_column("Amount (EUR)", DataType::Utf8View), text_column("n", DataType::Int64)];
    let mapping = Mapping {
        columns: vec![ColumnMapping::new("x", Rule::Expression(sql.into()))],
        types: types.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect(),
        ..Mapping::default()
    };
    let binding = Binding::new(&mapping, &source, &schema(&[("x", Type::Primitive(to))]))?;
    let amounts: &[Option<&str>] = &[Some("1.204,50"), Some("17,00"), Some("n/a"), None, Some("0,005")];
    let numbers: &[Option<&str>] = &[Some("007"), Some("0"), Some("3"), None, Some("four")];
    let all = text_batch(&[("Amount (EUR)", amounts), ("n", numbers)]);
    let batch = all.batch.project(binding.source_projection()).unwrap();
    let fitted = binding.fit(&icedeck::ingest::SourceBatch { batch, ..all }).unwrap();
    Ok((binding, fitted))
}

fn values(of: &Fitted) -> Vec<String> {
    let column = of.batch.column(0);
    (0..column.len()).map(|row| array_value_to_string(column, row).unwrap()).collect()
}

#[test]
fn the_example_of_the_screens() {
    let to = PrimitiveType::Decimal { precision: 12, scale: 2 };
    let (binding, fitted) = fitted(AMOUNT, to, &[]).unwrap();
    assert_eq!(binding.source_projection(), [0]);
    assert_eq!(values(&fitted), ["1204.50", "17.00", ""]);
    assert_eq!(told(&fitted), [(4, "not a decimal"), (6, "3 digits after the point where decimal(12,2) has 2")]);
    assert_eq!(fitted.faults[0].column.as_deref(), Some("Amount (EUR)"));
    assert_eq!(fitted.faults[0].value.as_deref(), Some("n/a"));
}

#[test]
fn columns_have_their_inferred_types() {
    let (_, sum) = fitted("n + 1", PrimitiveType::Long, &[]).unwrap();
    assert_eq!(values(&sum), ["8", "1", "4", ""]);
    assert_eq!(told(&sum), [(6, "not a whole number")]);
    // Text where the inferred type does not go with the function, or where the mapping says so.
    let (_, text) = fitted("concat(n, '!')", PrimitiveType::String, &[("n", "string")]).unwrap();
    assert_eq!(values(&text), ["007!", "0!", "3!", "!", "four!"]);
    let (_, text) = fitted("replace(n, '0', '-')", PrimitiveType::String, &[]).unwrap();
    assert_eq!(values(&text)[4], "four");
}

#[test]
fn a_row_that_fails_is_that_rows_fault() {
    let (_, quotient) = fitted("100 / n", PrimitiveType::Long, &[]).unwrap();
    assert_eq!(values(&quotient), ["14", "33", ""]);
    assert_eq!(told(&quotient), [(3, "division by zero"), (6, "not a whole number")]);
    let (_, inner) = fitted("cast(\"Amount (EUR)\" as int) + 1", PrimitiveType::Long, &[]).unwrap();
    assert_eq!(values(&inner), [""]);
    assert!(
        told(&inner).iter().all(|(_, reason)| !reason.contains("n/a") && reason.contains("Cannot cast")),
        "{:?}",
        told(&inner)
    );
    let (_, cut) = fitted("cast(n * 4000000000 as int)", PrimitiveType::Int, &[]).unwrap();
    assert!(told(&cut).contains(&(2, "Can't cast value … to type Int…")), "{:?}", told(&cut));
    // Two inputs: the fault is the table column's, with both values.
    let (_, two) =
        fitted("cast(concat(\"Amount (EUR)\", '/', n) as int)", PrimitiveType::Int, &[("n", "string")]).unwrap();
    assert_eq!(two.faults[0].column.as_deref(), Some("x"));
    assert_eq!(two.faults[0].value.as_deref(), Some("Amount (EUR)=1.204,50, n=007"));
}

#[test]
fn constants_and_results_are_fitted_too() {
    let (binding, three) = fitted("1 + 2 -- a comment", PrimitiveType::Int, &[]).unwrap();
    assert!(binding.source_projection().is_empty());
    assert_eq!(values(&three), ["3"; 5]);
    let (_, wide) = fitted("n * 1000000000000", PrimitiveType::Int, &[]).unwrap();
    assert!(told(&wide).contains(&(2, "too large for int (at most 2147483647)")), "{:?}", told(&wide));
    // Arithmetic never wraps around.
    let (_, large) = fitted("n * 4611686018427387904", PrimitiveType::Long, &[]).unwrap();
    assert!(told(&large).contains(&(2, "the result is too large for its type")), "{:?}", told(&large));
    assert!(told(&large).contains(&(4, "the result is too large for its type")), "{:?}", told(&large));
    // Nor does a change of sign: the least long has no opposite.
    let (_, least) = fitted("-((n * -1) - 9223372036854775807 + 6)", PrimitiveType::Long, &[]).unwrap();
    assert!(told(&least).contains(&(2, "the result is too large for its type")), "{:?}", told(&least));
    assert_eq!(values(&least)[0], "9223372036854775801");
    let problems = fitted("n > 1", PrimitiveType::Int, &[]).unwrap_err();
    assert_eq!(problems[0].reason, "boolean cannot become int");
}

#[test]
fn many_bad_rows_are_each_found() {
    let cells: Vec<String> = (0..3000).map(|i| if i % 3 == 0 { "0".into() } else { i.to_string() }).collect();
    let cells: Vec<_> = cells.iter().map(|c| Some(c.as_str())).collect();
    let source = [text_column("n", DataType::Int64)];
    let mapping =
        Mapping { columns: vec![ColumnMapping::new("x", Rule::Expression("6000 / n".into()))], ..Mapping::default() };
    let binding = Binding::new(&mapping, &source, &schema(&[("x", primitive(PrimitiveType::Long))])).unwrap();
    let fitted = binding.fit(&text_batch(&[("n", &cells)])).unwrap();
    assert_eq!(fitted.rejected, (0..3000).step_by(3).collect::<Vec<_>>());
    assert_eq!(fitted.counts.len(), 1);
    assert_eq!(fitted.counts[0].cells, 1000);
    assert_eq!(fitted.batch.column(0).as_primitive::<arrow::array::types::Int64Type>().value(0), 6000);
}
