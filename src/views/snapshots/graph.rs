//! The lineage of snapshots as a drawing, one line for each: who descends from whom. Knows ids and parents, nothing else.

use std::collections::HashSet;

/// A snapshot in the drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: i64,
    /// What it was made on.
    pub parent: Option<i64>,
    /// Its sign: `●`, `◆`, `○`.
    pub sign: char,
}

/// More lines side by side are not drawn: nobody reads them, and metadata may hold thousands.
const LANES: usize = 8;

/// A line of descent that is still open downwards: the snapshot it leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lane {
    leads_to: Option<i64>,
    is_begun: bool,
}

/// Draws each node's line. The nodes come newest first, children before their parents; where broken metadata has it
/// otherwise, a line ends early. The line of `main`, the newest snapshot of the current line, is the leftmost.
pub fn draw(nodes: &[Node], main: Option<i64>) -> Vec<String> {
    let known: HashSet<i64> = nodes.iter().map(|n| n.id).collect();
    let main = main.filter(|id| known.contains(id));
    let mut lanes = vec![Lane { leads_to: main, is_begun: false }];
    let mut seen = HashSet::with_capacity(nodes.len());
    let mut lines = Vec::with_capacity(nodes.len());
    for node in nodes {
        let arriving: Vec<usize> = (0..lanes.len()).filter(|i| leads_to(&lanes, *i, node.id)).collect();
        let own = arriving.first().copied().or_else(|| free_lane(&mut lanes));
        lines.push(line(&lanes, own, &arriving, node.sign));
        seen.insert(node.id);
        for i in arriving {
            close(&mut lanes, i);
        }
        if let Some(lane) = own.and_then(|own| lanes.get_mut(own)) {
            let below = node.parent.filter(|parent| known.contains(parent) && !seen.contains(parent));
            *lane = Lane { leads_to: below, is_begun: below.is_some() };
        }
    }
    lines
}

fn leads_to(lanes: &[Lane], lane: usize, id: i64) -> bool {
    lanes.get(lane).is_some_and(|l| l.leads_to == Some(id))
}

fn close(lanes: &mut [Lane], lane: usize) {
    if let Some(lane) = lanes.get_mut(lane) {
        *lane = Lane::default();
    }
}

/// A lane for a snapshot that no line leads to; nothing where all are taken. The leftmost is main's.
fn free_lane(lanes: &mut Vec<Lane>) -> Option<usize> {
    let free = (1..lanes.len()).find(|i| lanes.get(*i).is_some_and(|l| l.leads_to.is_none()));
    free.or_else(|| {
        (lanes.len() < LANES).then(|| {
            lanes.push(Lane::default());
            lanes.len() - 1
        })
    })
}

/// One line: passing lanes, the node, and the lines that end in it from the right: `●─┼─╯`.
fn line(lanes: &[Lane], own: Option<usize>, arriving: &[usize], sign: char) -> String {
    let Some(own) = own else { return format!("{}{sign}", "  ".repeat(LANES)) };
    let last = arriving.last().copied().unwrap_or(own);
    let mut drawn = String::new();
    for (i, lane) in lanes.iter().enumerate() {
        let passes = lane.leads_to.is_some() && lane.is_begun;
        let joins = arriving.contains(&i);
        let sign = match (i == own, i > own && i <= last) {
            (true, _) => sign,
            (_, true) if joins && i == last => '╯',
            (_, true) if joins => '┴',
            (_, true) if passes => '┼',
            (_, true) => '─',
            _ if passes => '│',
            _ => ' ',
        };
        drawn.push(sign);
        drawn.push(if i >= own && i < last { '─' } else { ' ' });
    }
    drawn.truncate(drawn.trim_end().len());
    drawn
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn node(id: i64, parent: impl Into<Option<i64>>) -> Node {
        Node { id, parent: parent.into(), sign: '●' }
    }

    #[test]
    fn a_straight_line() {
        assert_eq!(draw(&[node(2, 1), node(1, None)], Some(2)), ["●", "●"]);
        assert!(draw(&[], None).is_empty());
    }

    #[test]
    fn a_branch_joins_where_it_left() {
        let nodes = [node(5, 4), node(4, 2), node(3, 2), node(2, 1), node(1, 9)];
        assert_eq!(draw(&nodes, Some(5)), ["●", "●", "│ ●", "●─╯", "●"]);
    }

    #[test]
    fn what_is_newer_than_the_head_stands_beside_the_line() {
        let nodes = [node(4, 3), node(3, 2), node(2, 1), node(1, None)];
        assert_eq!(draw(&nodes, Some(2)), ["  ●", "  ●", "●─╯", "●"]);
    }

    #[test]
    fn two_branches_from_one_snapshot_and_one_that_passes() {
        let nodes = [node(9, 4), node(8, 1), node(7, 4), node(6, 4), node(4, 1), node(1, None)];
        assert_eq!(draw(&nodes, Some(9)), ["●", "│ ●", "│ │ ●", "│ │ │ ●", "●─┼─┴─╯", "●─╯"]);
    }

    #[test]
    fn without_a_head_the_lines_stand_beside_each_other() {
        assert_eq!(draw(&[node(2, 7), node(1, 8)], None), ["  ●", "  ●"]);
    }

    proptest! {
        #[test]
        fn broken_lineage_is_drawn_somehow(
            pairs in proptest::collection::vec((0i64..12, proptest::option::of(0i64..12)), 0..60),
            main in proptest::option::of(0i64..12),
        ) {
            let nodes: Vec<_> = pairs.iter().map(|(id, parent)| node(*id, *parent)).collect();
            let lines = draw(&nodes, main);
            prop_assert_eq!(lines.len(), nodes.len());
            for line in lines {
                prop_assert_eq!(line.matches('●').count(), 1);
                prop_assert!(line.chars().count() <= 2 * LANES + 1);
            }
        }
    }
}
