//! Publishing on a real SQL catalog and real files: what is committed reads back, what loses a race leaves nothing.

use crate::common::Lake;
use crate::common::lake::{longs, orders, orders_schema};

#[tokio::test]
async fn appends_read_back_in_each_format_version() {
    let lake = Lake::new().await;
    for format in [1, 2, 3] {
        let table = lake.table(&format!("sales.v{format}"), orders_schema(), None, format).await;
        let table = lake.append(&table, orders(&table, 0, 100)).await;
        let table = lake.append(&table, orders(&table, 100, 50)).await;
        assert_eq!(longs(&table, None, "id").await, (0..150).collect::<Vec<_>>(), "v{format}");
        let first = table.metadata().history()[0].snapshot_id;
        assert_eq!(longs(&table, Some(first), "id").await, (0..100).collect::<Vec<_>>(), "v{format}");
    }
}
