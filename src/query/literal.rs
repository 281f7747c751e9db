//! Text in filters beside columns that DataFusion compares with text badly or not at all. A UUID is sixteen bytes in
//! Arrow, and people write it as text. A moment in microseconds would be turned into nanoseconds first, which fails for
//! years after 2262; a time of the day cannot be compared at all. Nothing else of a filter is changed.

use std::collections::HashSet;

use arrow::datatypes::{DataType, Schema};
use datafusion_common::DataFusionError;
use datafusion_common::ScalarValue;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_expr::Expr;
use uuid::Uuid;

use super::conform::field_id;
use crate::{Error, Result};

/// What text means beside a column.
enum Meaning {
    Uuid,
    Moment(DataType),
}

/// The expression with every text that stands beside a UUID column or a moment as a value of that column's type.
/// `uuids` are the field ids of the UUID columns.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) for text beside a UUID column that is no UUID, or beside a moment that is
/// none.
pub fn read_text(expression: Expr, columns: &Schema, uuids: &HashSet<i32>) -> Result<Expr> {
    let meaning = |beside: &Expr| -> Option<Meaning> {
        let Expr::Column(column) = beside else { return None };
        let field = columns.field_with_name(&column.name).ok()?;
        match field.data_type() {
            moment @ (DataType::Timestamp(_, _) | DataType::Time64(_)) => Some(Meaning::Moment(moment.clone())),
            _ => field_id(field).is_some_and(|id| uuids.contains(&id)).then_some(Meaning::Uuid),
        }
    };
    let mut wrong = None;
    let mut read = |text: &mut Expr, meaning: &Meaning| {
        if let Err(e) = read(text, meaning) {
            wrong.get_or_insert(e);
        }
    };
    let changed = expression.transform_up(|mut expression| {
        match &mut expression {
            Expr::BinaryExpr(both) => match (meaning(&both.left), meaning(&both.right)) {
                (Some(of_left), None) => read(&mut both.right, &of_left),
                (None, Some(of_right)) => read(&mut both.left, &of_right),
                _ => {}
            },
            Expr::InList(list) => {
                if let Some(meaning) = meaning(&list.expr) {
                    list.list.iter_mut().for_each(|text| read(text, &meaning));
                }
            }
            Expr::Between(range) => {
                if let Some(meaning) = meaning(&range.expr) {
                    [&mut range.low, &mut range.high].into_iter().for_each(|text| read(text, &meaning));
                }
            }
            _ => {}
        }
        Ok::<_, DataFusionError>(Transformed::yes(expression))
    });
    let changed = changed.map_err(|e| Error::bug("the filter cannot be walked through").caused_by(e))?;
    wrong.map_or(Ok(changed.data), Err)
}

/// A literal text as what it means; any other expression stays.
fn read(expression: &mut Expr, meaning: &Meaning) -> Result<()> {
    let text = match (&*expression, meaning) {
        (Expr::Literal(ScalarValue::Utf8(Some(text)), _), _) => text,
        // time '10:00' is one of nanoseconds, which DataFusion compares with no other.
        (Expr::Cast(cast), Meaning::Moment(DataType::Time64(_))) if matches!(cast.data_type, DataType::Time64(_)) => {
            let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &*cast.expr else { return Ok(()) };
            text
        }
        _ => return Ok(()),
    };
    *expression = match meaning {
        Meaning::Moment(to) => {
            let value = ScalarValue::Utf8(Some(text.clone())).cast_to(to).map_err(|e| {
                Error::invalid("a moment is compared with text that is none")
                    .with("text", text)
                    .hint("a moment is written as '2026-11-21T08:00:00Z' or '2026-11-21', a time of the day as '08:00:00'")
                    .caused_by(e)
            })?;
            Expr::Literal(value, None)
        }
        Meaning::Uuid => {
            let value = Uuid::try_parse(text.trim()).map_err(|e| {
                Error::invalid("a uuid column is compared with text that is no UUID")
                    .with("text", text)
                    .hint("a UUID is written as 'f47ac10b-58cc-4372-a567-0e02b2c3d479'")
                    .caused_by(e)
            })?;
            Expr::Literal(ScalarValue::FixedSizeBinary(16, Some(value.as_bytes().to_vec())), None)
        }
    };
    Ok(())
}
