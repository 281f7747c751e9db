use super::*;

#[derive(Debug, Clone)]
struct Numbers;

impl Look for Numbers {
    type Row = (String, i64);

    fn columns(&self, _: Option<&Self::Row>) -> Vec<Column> {
        vec![Column::new("name"), Column::new("number").right()]
    }

    fn key(&self, row: &Self::Row) -> String {
        row.0.clone()
    }

    fn show(&self, row: &Self::Row, _: i64) -> Vec<Shown> {
        vec![Shown::text(&row.0), Shown::count(row.1)]
    }
}

fn list(rows: &[(&str, i64)]) -> Listing<Numbers> {
    let mut listing = Listing::new(Numbers);
    listing.extend(rows.iter().map(|(a, b)| (a.to_string(), *b)).collect());
    listing
}

fn names(listing: &Listing<Numbers>) -> Vec<&str> {
    (0..listing.shown_len()).map(|p| listing.row_at(p).unwrap().0.as_str()).collect()
}

#[test]
fn sorting_turns_round_and_back_and_the_cursor_stays_on_its_row() {
    let mut listing = list(&[("b", 1), ("a", 3), ("c", 2)]);
    listing.go(2);
    listing.sort_by(1);
    assert_eq!(names(&listing), ["b", "c", "a"]);
    assert_eq!(listing.current().unwrap().0, "c");
    listing.sort_by(1);
    assert_eq!(names(&listing), ["a", "c", "b"]);
    listing.sort_by(1);
    assert_eq!(names(&listing), ["b", "a", "c"]);
    assert_eq!(listing.current().unwrap().0, "c");
}

#[test]
fn letters_avoid_those_in_use() {
    let mut listing = list(&[("b", 1), ("a", 3)]);
    assert_eq!(listing.letters(&[]), [Some('N'), Some('U')]);
    assert_eq!(listing.letters(&['N', 'A']), [Some('M'), Some('U')]);
    assert!(listing.sort_by_letter('N', &[]));
    assert_eq!(names(&listing), ["a", "b"]);
    assert!(!listing.sort_by_letter('Z', &[]));
}

#[test]
fn reading_again_keeps_cursor_and_marks_by_key() {
    let mut listing = list(&[("a", 1), ("b", 2), ("c", 3)]);
    listing.act(Action::Mark);
    listing.act(Action::Down);
    listing.act(Action::Mark);
    assert_eq!(listing.current().unwrap().0, "c");
    listing.replace(vec![("c".into(), 3), ("x".into(), 9), ("a".into(), 7)]);
    assert_eq!(listing.current().unwrap().0, "c");
    assert_eq!(listing.marked(), [&("c".to_string(), 3), &("a".to_string(), 7)]);
    listing.replace(vec![("a".into(), 8)]);
    assert_eq!(listing.chosen(), [&("a".to_string(), 8)]);
}

#[test]
fn filters_leave_what_passes() {
    let mut listing = list(&[("apple", 1), ("pear", 2), ("plum", 3)]);
    listing.act(Action::Bottom);
    listing.set_filter(Filter::parse("^p"));
    assert_eq!(names(&listing), ["pear", "plum"]);
    assert_eq!(listing.current().unwrap().0, "plum");
    listing.set_filter(Filter::parse("zzz"));
    assert_eq!((listing.shown_len(), listing.current()), (0, None));
    listing.act(Action::Down);
    listing.act(Action::Mark);
    listing.set_filter(Filter::default());
    assert_eq!(listing.shown_len(), 3);
}

#[test]
fn many_rows_are_arranged_in_a_task() {
    let mut listing = Listing::new(Numbers);
    let count = AT_ONCE as i64 + 1;
    listing.extend((0..count).map(|i| (format!("n{i}"), -i)).collect());
    listing.go(5);
    listing.sort_by(1);
    assert_eq!(listing.row_at(0).unwrap().1, 0, "nothing moves before the answer is here");
    let ask = listing.to_arrange().unwrap();
    assert!(listing.to_arrange().is_none());
    let order = arrange::arrange(&ask, |_| false).unwrap();
    listing.extend(vec![("late".into(), 7)]);
    let answer =
        |order: &Vec<u32>| Arranged { of_rows: order.len(), order: Arc::new(order.clone()), question: ask.question };
    listing.arranged(answer(&order));
    assert_eq!(listing.row_at(0).unwrap().1, 1 - count);
    assert!(!listing.is_arranged(), "the late row is not");
    assert_eq!(listing.current().unwrap().0, "n5");
    assert!(listing.to_arrange().is_some(), "the late row is still to be arranged");
    listing.sort(None);
    listing.arranged(answer(&order));
    assert_eq!(listing.row_at(0).unwrap().1, 0, "an answer to what was asked before is late");
    assert!(listing.is_arranged());
}
