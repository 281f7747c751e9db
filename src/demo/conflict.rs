//! A load that lost a race, left open for the operator to mend: its files are staged, and its journal lies in the state
//! folder of the demo, never in the user's own.

use std::path::Path;

use super::build::Site;
use super::logistics::parcels;
use crate::ingest::run::{Ending, IngestRequest, Planned, plan};
use crate::ingest::source::SourceOptions;
use crate::recovery::{self, OnConflict, Policy};
use crate::table::{Table, refs};
use crate::{Error, Result};

/// How long ago, in hours.
const WHEN: i64 = 3;

/// Loads `shipments.ndjson` into `logistics.shipments`, while another writer is faster.
pub(super) async fn lose_a_race(site: &Site, folder: &Path) -> Result<Table> {
    let name = "logistics.shipments".parse()?;
    let source = SourceOptions::of([folder.join("files").join("shipments.ndjson")]);
    let request = IngestRequest::append(source, name);
    let base = site.connection.load(&request.table).await?;
    let Planned::Ready(planned) = plan(request, &site.connection, &site.monitor).await? else {
        return Err(Error::bug("the demo's own file does not fit"));
    };
    let faster = site.append(&base, refs::MAIN, &parcels(150, 12), WHEN).await?;
    let env = site.env.clone().within(folder.to_path_buf()).shifted(-WHEN * super::build::HOUR_MS);
    let policy = Policy::hasty(OnConflict::Fail);
    let loaded = recovery::load(*planned, &site.connection, &policy, &env, &site.monitor).await?;
    match loaded.load.ending {
        Ending::Rejected => Ok(faster),
        other => Err(Error::bug(format!("the load that was to lose the race ended as {other:?}"))),
    }
}
